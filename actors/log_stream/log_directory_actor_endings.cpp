// Logs whose worker is gone: they are ended in its place, so that nobody waits for more.

#include "actors/log_stream/log_directory_actor.hpp"

#include <algorithm>
#include <optional>

namespace troupe {

namespace {

bool is_lost(std::string_view how) { return how == "claim-expired" || how == "worker-shutdown"; }

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
  if (of.state.finished)
    return write_on(which, of);
  if (!of.state.recent.empty())
    return add_last_words(which, of, *of.state.recent.back().bytes);
  // How it ends the spool alone knows.
  const auto from = of.state.size - std::min(of.state.size, longest_last_words);
  off_lane([spool = of.spool, from] { return spool->read(from, longest_last_words); },
           [this, which, size = of.state.size](const std::string& tail) {
             const auto known = logs_.find(which);
             if (known == logs_.end() || known->second.resolved.empty())
               return;
             // What came meanwhile, if anything, is in memory.
             auto& still = known->second;
             if (still.state.size == size)
               add_last_words(which, still, tail);
           });
}

void log_directory_shell::add_last_words(const key& which, stream& of, std::string_view tail) {
  auto words = last_words(tail, of.resolved);
  if (!words.empty())
    append(of.state, of.state.size, std::make_shared<const std::string>(std::move(words)));
  of.state.finished = true;
  tell_all(which, of);
  write_on(which, of);
}

}  // namespace troupe
