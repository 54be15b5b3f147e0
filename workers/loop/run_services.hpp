#pragma once

#include "workers/engines/engine.hpp"
#include "workers/loop/live_log.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_mounts.hpp"

#include <boost/json/value.hpp>

#include <functional>

namespace troupe {

/// What a run does for its engine, by the parts of the run.
class run_services : public run_desk {
 public:
  using waiting_call = std::function<void(bool waits)>;

  run_services(live_log& log, const run_interrupt& interrupt, task_mounts& mounts,
               task_mounts::get_call call, waiting_call waiting)
      : log_(log),
        interrupt_(interrupt),
        mounts_(mounts),
        call_(std::move(call)),
        waiting_(std::move(waiting)) {}

  void note(std::string_view text) override { log_.note(text); }
  void note_warning(std::string_view text) override { log_.note_warning(text); }
  void note_error(std::string_view text) override { log_.note_error(text); }
  const std::atomic<bool>& interrupted() const override { return interrupt_.told(); }
  int interruption() const override { return interrupt_.descriptor(); }
  void stands_in_line(bool waits) override { waiting_(waits); }
  outcome<fetched_file> fetch(const mount_content& content) override {
    return mounts_.fetch(content);
  }
  outcome<boost::json::object> get(const std::string& target) override {
    const auto answer = call_(target);
    auto body = answer.json();
    if (answer.good() && body.is_object())
      return std::move(body.get_object());
    return make_api_error(
        error_code::resource_not_found,
        target + " cannot be had: " + std::to_string(answer.status) + " " +
            (answer.trouble.empty() ? answer.body.substr(0, 300) : answer.trouble));
  }

 private:
  live_log& log_;
  const run_interrupt& interrupt_;
  task_mounts& mounts_;
  task_mounts::get_call call_;
  waiting_call waiting_;
};

}  // namespace troupe
