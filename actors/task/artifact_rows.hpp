#pragma once

#include "actors/task/artifact_rules.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/store/shard.hpp"

namespace troupe {

// Where artifacts stand in Redis: a hash for each task, and for each shard an order by expiry, from
// which those that have had their time are found again after a restart.

/// Writes the record, within a commit.
inline void write_artifact(resp_writer& commands, const task_id& task, run_id run,
                           std::string_view name, const artifact_record& record) {
  const auto prefix = shard_key_prefix(shard_of(task.view()));
  commands.command("HSET", resp_writer::joined{prefix, "artifacts:", task.view()},
                   artifact_field(run, name), artifact_text(record));
  commands.command("ZADD", resp_writer::joined{prefix, "artifact-expiry", {}}, record.expires.ms,
                   artifact_key(task, run, name));
}

/// Removes the record, in a commit of its own.
inline commit_number forget_artifact(lane_store& store, const task_id& task, run_id run,
                                     std::string_view name) {
  const auto prefix = shard_key_prefix(shard_of(task.view()));
  auto& commands = store.begin_commit();
  commands.command("HDEL", resp_writer::joined{prefix, "artifacts:", task.view()},
                   artifact_field(run, name));
  commands.command("ZREM", resp_writer::joined{prefix, "artifact-expiry", {}},
                   artifact_key(task, run, name));
  return store.end_commit();
}

}  // namespace troupe
