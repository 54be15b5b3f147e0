#pragma once

#include "gateways/remote/attendance_state.hpp"
#include "messages/api_error.hpp"
#include "messages/task_commands.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace troupe {

// Who is connected, what they have, and who has to hear what. Pure: the desk of the lane carries
// decisions out.

/// What follows from an event; members are usually empty.
struct attendance_decision {
  session_number replaced = 0;         ///< this session of the same worker is over
  std::vector<abort_run> aborts;       ///< for the worker that the event was about
  std::vector<return_run> returned;    ///< the worker no longer has them
  std::vector<held_run> to_look_up;    ///< whether they are still this worker's is not known
  std::vector<attending_worker> lost;  ///< they did not come back in time
};

/// What a hello must be besides being signed. The error tells the worker what to do.
outcome<void> check_hello(const worker_hello& hello);

/// A worker was let in. Another program of the same name that is connected just now keeps its
/// place: then it is a conflict, and to be tried again.
outcome<attendance_decision> on_hello(attendance_state& state, const worker_hello& hello,
                                      session_number session);

/// A run that the worker said it has turned out to be its own, or not.
attendance_decision on_looked_up(attendance_state& state, session_number session,
                                 const held_run& run, bool is_its_own, std::string_view why);

/// A claim of the worker is under way.
void on_claim_begins(attendance_state& state, session_number session);

/// It was answered with these runs, or not at all.
attendance_decision on_claim_ends(attendance_state& state, session_number session,
                                  const std::vector<held_run>& handed);

/// The worker reports a run.
void on_report_begins(attendance_state& state, session_number session, const held_run& run);

/// The report was answered.
attendance_decision on_report_ends(attendance_state& state, session_number session,
                                   const held_run& run, unsigned status);

/// A run was resolved, by whomever. The session to tell is that of the worker.
attendance_decision on_run_ended(attendance_state& state, const attending_worker& worker,
                                 const held_run& run, std::string_view how);

/// The connection of a session is gone; the worker may come back until `until`.
void on_link_lost(attendance_state& state, session_number session, timestamp until);

/// The worker says that it ends.
attendance_decision on_leave(attendance_state& state, session_number session);

/// Gives up on those that were expected and did not come.
attendance_decision on_time(attendance_state& state, timestamp now);

/// When `on_time` has something to do; nothing when nobody is away.
std::optional<timestamp> next_time(const attendance_state& state);

// -- what calls are about -------------------------------------------------------------------------

/// The run that a call reports the end of, by its verb and raw target; nothing for other calls.
std::optional<held_run> reported_run(std::string_view verb, std::string_view target);

/// Whether a call may hand runs out.
bool is_claim(std::string_view verb, std::string_view target);

/// `POST` to this is what a hello is signed for.
std::string claim_target(std::string_view queue);

}  // namespace troupe
