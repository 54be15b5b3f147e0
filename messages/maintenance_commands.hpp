#pragma once

#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>

namespace troupe {

/// What has an expiry, and an owner who looks for it now and then.
enum class expiry_of : std::uint8_t {
  artifacts,  ///< by the shards of their tasks
  tasks,      ///< resolved ones without artifacts, by their shards
  groups,     ///< without live members, by the directory of their lane
  queues,     ///< by the register of their lane, which also names the workers to be looked at
  secrets,    ///< by their service
  index,      ///< entries and namespaces, by their service
  clients,    ///< those that are to go when they expire, by the auth service
  objects,    ///< those that are not of artifacts, and uploads that were given up, by their service
};

/// Remove now what expired before this time, without the usual delay. Answered when it is gone by
/// `{"removed": <how many>}`; a register adds `"workers": [[queue, group, id], ...]`, which are
/// asked by `check_worker`.
struct expire_now {
  std::uint16_t shard = 0;  ///< a register looks at its whole lane, whichever of its shards it is
  expiry_of what = expiry_of::artifacts;
  timestamp as_of;
  reply_handle reply;
};

}  // namespace troupe
