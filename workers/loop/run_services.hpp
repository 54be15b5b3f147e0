#pragma once

#include "workers/engines/engine.hpp"
#include "workers/loop/live_log.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_mounts.hpp"

namespace troupe {

/// What a run does for its engine, by the parts of the run.
class run_services : public run_desk {
 public:
  run_services(live_log& log, const run_interrupt& interrupt, task_mounts& mounts)
      : log_(log), interrupt_(interrupt), mounts_(mounts) {}

  void note(std::string_view text) override { log_.note(text); }
  void note_warning(std::string_view text) override { log_.note_warning(text); }
  void note_error(std::string_view text) override { log_.note_error(text); }
  const std::atomic<bool>& interrupted() const override { return interrupt_.told(); }
  void pause(std::chrono::milliseconds time) const override { interrupt_.pause(time); }
  outcome<fetched_file> fetch(const mount_content& content) override {
    return mounts_.fetch(content);
  }

 private:
  live_log& log_;
  const run_interrupt& interrupt_;
  task_mounts& mounts_;
};

}  // namespace troupe
