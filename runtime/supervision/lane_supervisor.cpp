#include "runtime/supervision/lane_supervisor.hpp"

#include "runtime/lane/lane.hpp"
#include "runtime/log/log.hpp"

namespace troupe {

namespace {

std::string in_words(std::chrono::milliseconds pause) {
  return pause.count() == 0 ? "at once" : "in " + std::to_string(pause.count()) + " ms";
}

}  // namespace

std::string describe_exception(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception without a text";
  }
}

lane_supervisor::lane_supervisor(lane& on, restart_limits limits) : lane_(on), limits_(limits) {}

lane_supervisor::~lane_supervisor() = default;

void lane_supervisor::service_failed(const std::string& name, const std::string& why,
                                     std::function<void()> restart) {
  ++failures_;
  auto& row = services_[name];
  const auto pause = note_failure(row, lane_.now(), limits_);
  if (!pause) {
    const auto text = "the " + name + " failed " + std::to_string(row.in_a_row) +
                      " times in a row, last of: " + why +
                      "; the server ends, and a restart reads the truth from Redis";
    log_message(severity::critical, text);
    if (give_up_)
      give_up_(text);
    return;
  }
  log_message(severity::error, "the " + name + " failed (" + why + "); it is started again " +
                                   in_words(*pause) + ", failure " + std::to_string(row.total) +
                                   " since the start of the server");
  after(*pause, std::move(restart));
}

std::chrono::milliseconds lane_supervisor::one_failed(std::string_view kind, std::string_view id,
                                                      const std::string& why) {
  ++failures_;
  const auto now = lane_.now();
  forget_quiet_rows(now);
  const auto name = std::string{kind} + " " + std::string{id};
  auto limits = limits_;
  limits.most = 0;
  const auto pause = *note_failure(others_[name], now, limits);
  log_message(severity::error, "the " + name + " failed (" + why +
                                   "); whoever asks for it next gets it as Redis has it, and it "
                                   "comes back by itself " +
                                   in_words(pause));
  return pause;
}

// Of what fails once and never again nothing should be left.
void lane_supervisor::forget_quiet_rows(timestamp now) {
  std::erase_if(others_, [&](const auto& of) { return now - of.second.last >= limits_.quiet; });
}

void lane_supervisor::after(std::chrono::milliseconds pause, std::function<void()> job) {
  if (pause.count() == 0)
    return lane_.post(std::move(job));
  auto& made = alarms_.emplace_back();
  made.owner = this;
  made.self = std::prev(alarms_.end());
  made.job = std::move(job);
  made.timer = lane_.add_timer(lane_.now() + pause, made);
}

void lane_supervisor::alarm::on_timer() {
  auto& lane = owner->lane_;
  auto due = std::move(job);
  owner->alarms_.erase(self);
  lane.post(std::move(due));
}

}  // namespace troupe
