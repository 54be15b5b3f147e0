#pragma once

#include "messages/ids.hpp"
#include "runtime/store/resp_writer.hpp"
#include "runtime/store/shard.hpp"

namespace troupe {

/// Within a commit: removes the row of a task and all that leads to it, but for its artifacts.
inline void write_task_gone(resp_writer& commands, const task_id& id) {
  const auto prefix = shard_key_prefix(shard_of(id.view()));
  commands.command("DEL", resp_writer::joined{prefix, "task:", id.view()},
                   resp_writer::joined{prefix, "edges:", id.view()});
  commands.command("ZREM", resp_writer::joined{prefix, "expiry", {}}, id.view());
  commands.command("SREM", resp_writer::joined{prefix, "live", {}}, id.view());
}

}  // namespace troupe
