// Logs whose worker is gone: they are ended in its place, so that nobody waits for more.

#include "actors/log_stream/log_directory_actor.hpp"

#include <algorithm>
#include <optional>

namespace troupe {

namespace {

bool is_lost(std::string_view how) { return how == "claim-expired" || how == "worker-shutdown"; }

// Where the bytes of the worker end is not known when they are in the spool alone.
std::string last_words(const log_stream_state& state, const std::string& how) {
  const bool mid_line =
      state.size > 0 && (state.recent.empty() || state.recent.back().bytes->back() != '\n');
  return std::string{mid_line ? "\n" : ""} +
         "[taskcluster:error] The worker did not end this log: the run was resolved as " + how +
         ". Above is what it had sent.\n";
}

}  // namespace

// What its worker ends in time is left alone.
void log_directory_shell::run_resolved(log_run_resolved& command) {
  with_log({command.task, command.run}, false, [this, how = command.how](stream* of) {
    if (of == nullptr || of->state.finished)
      return;
    of->resolved = how;
    arm_abandoning();
  });
}

timestamp log_directory_shell::abandoned_at(const stream& of) const {
  return of.last_written +
         (is_lost(of.resolved) ? options_.lost_writer_time : options_.resolved_writer_time);
}

void log_directory_shell::arm_abandoning() {
  std::optional<timestamp> next;
  for (const auto& [which, of] : logs_)
    if (!of.resolved.empty())
      next = std::min(next.value_or(abandoned_at(of)), abandoned_at(of));
  lane_.cancel_timer(std::exchange(abandoned_timer_, 0));
  if (next)
    abandoned_timer_ = lane_.add_timer(*next, abandoned_alarm_);
}

void log_directory_shell::look_for_abandoned() {
  abandoned_timer_ = 0;
  for (auto& [which, of] : logs_)
    if (!of.resolved.empty() && abandoned_at(of) <= lane_.now())
      end_abandoned(which, of);
  arm_abandoning();
}

// A disk that does not take it now is tried again.
void log_directory_shell::end_abandoned(const key& which, stream& of) {
  of.last_written = lane_.now();
  if (!of.state.finished) {
    append(of.state, of.state.size,
           std::make_shared<const std::string>(last_words(of.state, of.resolved)));
    of.state.finished = true;
    tell_all(which, of);
  }
  write_on(which, of);
}

}  // namespace troupe
