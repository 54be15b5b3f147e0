#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

// What the live log of a run is told. The first two members are the run it is of.

/// Bytes of a log as they travel from the worker to its followers: made once, shared by all.
using log_bytes = std::shared_ptr<const std::string>;

/// The worker wrote these bytes at this offset of the log.
struct append_log {
  task_id task;
  run_id run = 0;
  std::uint64_t offset = 0;
  log_bytes bytes;
  reply_handle reply;
};

/// The log is complete.
struct finish_log {
  task_id task;
  run_id run = 0;
  reply_handle reply;
};

/// The queue has resolved the run as an exception. Its worker may end the log still; when nothing
/// comes of it for a time, it is ended without.
struct log_run_resolved {
  task_id task;
  run_id run = 0;
  std::string how;  ///< as in `reasonResolved`
};

/// A log that its worker did not end is whole in its spool: make it an artifact.
struct keep_log {
  task_id task;
  run_id run = 0;
};

/// To the keeper of a lane: look for logs that were left when the server ended.
struct review_logs {
  std::uint16_t lane = 0;
};

/// Bytes of a log from `begin` up to `end`.
struct log_part {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A follower of a log: told bytes in order, from the offset it asked for. Called on the
/// follower's own lane.
class log_follower {
 public:
  virtual ~log_follower() = default;

  /// The next bytes, which begin at `offset`. The first call comes at once, perhaps without bytes:
  /// the log is there.
  virtual void on_bytes(std::uint64_t offset, const log_bytes& bytes) = 0;

  /// Of a part that was asked for: where it ends, how long the log is now, and whether that is all
  /// there will ever be. An empty one is none. Comes before the bytes.
  virtual void on_part(log_part, std::uint64_t, bool) {}

  /// The log is complete, or the part that was asked for, and all of it was told.
  virtual void on_end() = 0;

  /// There is no such log, or no longer.
  virtual void on_missing() = 0;

  /// Bytes that were told and not yet written out; the log waits above a bound.
  virtual std::size_t backlog_bytes() const = 0;
};

/// Follow the log from an offset; `lane` is the follower's own.
struct follow_log {
  task_id task;
  run_id run = 0;
  std::uint64_t offset = 0;
  std::shared_ptr<log_follower> follower;
  std::uint16_t lane = 0;
  std::uint32_t tail_lines = 0;  ///< not 0: so many of the last lines instead of an offset
  /// Instead of either: which part of a log that has so many bytes now. Called on the log's lane.
  std::function<log_part(std::uint64_t size)> part = {};
};

/// The follower took what it was told, or went away.
struct follower_ready {
  task_id task;
  run_id run = 0;
  const log_follower* follower = nullptr;
  bool gone = false;
};

}  // namespace troupe
