#pragma once

#include "actors/log_keeper/log_keeper_state.hpp"
#include "messages/answer.hpp"
#include "messages/task_commands.hpp"
#include "runtime/events/event.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe {

/// A run of a task.
struct run_name {
  task_id task;
  run_id run = 0;

  friend auto operator<=>(const run_name&, const run_name&) = default;
};

/// The run that an event may have left without a worker: that of an exception, or the one before a
/// run that is pending.
std::optional<run_name> run_behind(const event& what);

/// How a run that had a worker was resolved, of a text with the status of its task; empty unless it
/// was as an exception.
std::string how_resolved(std::string_view status, run_id run);

/// What an answer, or an upload, comes to.
enum class keeping {
  goes_on,  ///< with the step that stands in the log now
  over,     ///< the log is an artifact, or can never be one
  gone,     ///< there is no such task any more
  again,    ///< not now: from the beginning, after `pause_before`
};

/// The same, and what people are to hear of it; mostly nothing.
struct keeping_verdict {
  keeping what = keeping::goes_on;
  std::string warning = {};
};

/// Takes the answer to the question of the log's step, and sets the next one.
keeping_verdict take_answer(kept_log& log, const answer& said);

/// What is asked in this step; nothing in that of the upload.
using keeping_question = std::variant<std::monostate, get_task, describe_artifact, create_artifact>;
keeping_question question_of(const kept_log& log);

/// The data were uploaded, or why not; without a spool file there is nothing to upload.
keeping_verdict take_upload(kept_log& log, bool has_file, const outcome<void>& sent);

/// How long to wait before it is tried again.
std::chrono::milliseconds pause_before(const kept_log& log);

}  // namespace troupe
