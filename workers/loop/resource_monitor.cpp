#include "workers/loop/resource_monitor.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto first_interval = 100ms;  // most tasks of the smallest kind are not looked at
constexpr auto interval = 500ms;

std::string mebibytes(double bytes) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f MiB", bytes / (1024.0 * 1024.0));
  return text;
}

std::string two_places(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

}  // namespace

// Processes of a moment may end unseen between a parent and its own end: time never runs back.
void resource_report::add(std::chrono::duration<double> at, const process_use& use) {
  const auto cpu = std::max(use.cpu_seconds, last_cpu_);
  const auto passed = (at - last_).count();
  if (passed > 0)
    peak_cpu_ = std::max(peak_cpu_, (cpu - last_cpu_) / passed);
  last_ = at;
  last_cpu_ = cpu;
  if (use.processes == 0)
    return;
  ++samples_;
  peak_memory_ = std::max(peak_memory_, use.memory);
  sum_memory_ += static_cast<double>(use.memory);
  peak_processes_ = std::max(peak_processes_, use.processes);
}

std::vector<std::string> resource_report::lines() const {
  // A run can be over before anybody looked.
  if (samples_ == 0)
    return {};
  const auto memory = sum_memory_ / static_cast<double>(samples_);
  const auto machine =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  const auto average = last_cpu_ / last_.count();
  return {"[resource-monitor] Memory: peak " + mebibytes(static_cast<double>(peak_memory_)) +
              ", average " + mebibytes(memory) + ", of " + mebibytes(machine),
          "[resource-monitor] Processors: peak " + two_places(peak_cpu_) + ", average " +
              two_places(average) + ", of " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)),
          "[resource-monitor] Processes: peak " + std::to_string(peak_processes_)};
}

resource_monitor::resource_monitor(pid_t root) : root_(root) {
  thread_ = std::thread{[this] { watch(); }};
}

resource_monitor::~resource_monitor() { finish(); }

std::vector<std::string> resource_monitor::finish() {
  {
    const std::lock_guard lock{guard_};
    done_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable())
    thread_.join();
  return report_.lines();
}

// The last look is at what the processes that have ended leave: the time they took.
void resource_monitor::watch() {
  const auto started = std::chrono::steady_clock::now();
  auto wait = first_interval;
  for (bool done = false; !done; wait = interval) {
    {
      std::unique_lock lock{guard_};
      done = changed_.wait_for(lock, wait, [this] { return done_; });
    }
    report_.add(std::chrono::steady_clock::now() - started, use_below(root_));
  }
}

}  // namespace troupe
