#pragma once

#include "messages/ids.hpp"
#include "messages/task_commands.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// Artifacts are removed so many at a time (queue contract 9.5).
inline constexpr std::size_t artifact_batch = 100;

/// A shard's search for artifacts that have had their time: batch after batch, until none is left
/// but those that could not be removed, which the next search tries again.
struct artifact_sweep {
  std::uint32_t number = 0;  ///< of this search; answers to an earlier one no longer count
  timestamp due;             ///< what expired before this time is removed
  bool reading = false;      ///< a batch is on its way from Redis
  bool stalled = false;      ///< nothing has happened since it was asked whether another may begin
  bool full = false;         ///< there may be more behind the batch
  std::size_t open = 0;      ///< of the batch: not answered yet
  std::size_t removed = 0;
  std::size_t failed = 0;

  /// Nothing is left to be waited for.
  bool idle() const { return !reading && open == 0; }
  /// How many of those that are due are to be passed over, as they stay where they are.
  std::size_t offset() const { return failed; }
};

/// What comes next.
enum class sweep_step : std::uint8_t { wait, read_batch, finish };

/// Whether it is time for another search: the one before is over, or hangs as a task that failed
/// never answered it.
bool may_begin(artifact_sweep& sweep);

/// Begins another search; whatever the one before waits for is forgotten. `delay` is how long ago
/// artifacts have expired that are removed.
void begin_sweep(artifact_sweep& sweep, timestamp now, std::chrono::milliseconds delay);

/// A batch was read: `found` keys of at most `batch`, `told` of which make sense and are being
/// looked after.
sweep_step take_batch(artifact_sweep& sweep, std::size_t found, std::size_t told,
                      std::size_t batch = artifact_batch);

/// A task has looked after one.
sweep_step take_expired(artifact_sweep& sweep, const artifact_expired& answer);

/// When to search again: about every minute, and more often where records end sooner.
std::chrono::milliseconds sweep_interval(std::chrono::milliseconds delay);

/// The artifact of a key that `artifact_key` made; nothing for another text. The sweep is not set.
std::optional<expire_artifact> read_artifact_key(std::string_view key);

}  // namespace troupe
