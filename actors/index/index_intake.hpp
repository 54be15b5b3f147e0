#pragma once

#include "messages/index_commands.hpp"
#include "runtime/events/event_stream.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace troupe {

// How completed tasks come into the index: by the event log, each at least once and those of a
// stream in their order. What was dealt with is written down together with what came of it, and
// after a restart the log is read on from there.

/// What a completed task puts into the index: nothing, when it is not as it should be.
struct routed_entries {
  std::vector<std::string> paths;
  std::optional<index_entry> entry;
};

/// An event that is being dealt with.
struct pending_completion {
  index_completed event;
  std::optional<routed_entries> outcome;  ///< nothing until its task has answered
};

/// What is known of the event log of one stream.
struct stream_intake {
  bool catching_up = true;
  log_place handled;                       ///< the last one that was taken up
  log_place told;                          ///< so far the log was told, whatever was in it
  log_place written;                       ///< so far it was dealt with, as Redis knows
  log_place read;                          ///< so far the log was read, while it catches up
  bool more = false;                       ///< there is more of it to be read
  std::deque<pending_completion> pending;  ///< in order
  std::vector<index_completed> held;       ///< told while the log is being read
};

struct index_intake {
  std::vector<stream_intake> streams{stream_count};
};

/// An event arrives: the one to deal with now, unless it was dealt with, or has to wait until the
/// log was read.
bool take_completion(index_intake& intake, const index_completed& event);

/// The same for one that was read from the log.
bool take_read(index_intake& intake, const index_completed& event);

/// The logs were told so far.
void take_told(index_intake& intake, const log_place& newest);

/// The log of a stream was read to its end: the events that were told meanwhile and have to be
/// dealt with now, in order.
std::vector<index_completed> end_catching_up(index_intake& intake, std::uint16_t stream);

/// A task has answered.
void settle(index_intake& intake, const log_place& at, routed_entries outcome);

/// The first event of a stream, when it can be carried out; then it is no longer pending.
std::optional<routed_entries> next_settled(index_intake& intake, std::uint16_t stream);

/// The place to write down for a stream; nothing when Redis has it.
std::optional<log_place> place_to_write(index_intake& intake, std::uint16_t stream);

// -- texts ----------------------------------------------------------------------------------------

/// The paths among the further keys of an event (`route.index.<path>`) that are good ones.
std::vector<std::string> index_paths(std::span<const std::string> keys);

/// The entry that a task's definition makes of it (`extra.index`); the error says what is wrong
/// with it.
struct wrong_options {
  std::string why;
};
std::variant<index_entry, wrong_options> entry_of_definition(const task_id& task,
                                                             std::string_view definition);

/// `<ms>-<n>`, as streams of Redis have it.
std::string place_text(const log_place& place);
log_place read_place(std::uint16_t stream, std::string_view text);

}  // namespace troupe
