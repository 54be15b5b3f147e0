#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "runtime/process/program_pages.hpp"
#include "workers/loop/queue_port.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/loop/worker_caches.hpp"
#include "workers/worker.hpp"

#include <boost/json.hpp>

#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr unsigned most_claims = 32;
constexpr std::chrono::milliseconds rest_after = 10s;  // without a run

class claim_loop {
 public:
  claim_loop(const worker_options& options, process_guardian& guardian)
      : options_(options),
        guardian_(guardian),
        caches_(options),
        port_(options.make_queue_port(options)) {}

  int run();

 private:
  void watch_signals();
  void wait_for_end();
  void wait_for_runs();
  void claim();
  void start(json::object claim);
  void perform(json::object claim, run_interrupt& interrupt);
  unsigned free_slots();
  bool pause(std::chrono::milliseconds time);

  const worker_options& options_;
  process_guardian& guardian_;
  worker_caches caches_;
  std::unique_ptr<queue_port> port_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool draining_ = false;  // guarded; no more claims
  bool hurried_ = false;   // guarded; tasks are to be stopped once no claim waits any more
  bool broken_ = false;    // guarded; no process of a task can be started
  unsigned running_ = 0;   // guarded
  unsigned claimed_ = 0;   // guarded; in all
  const timestamp born_ = system_clock{}.now();
  timestamp idle_since_;  // guarded
  struct active_run {
    std::thread thread;
    std::unique_ptr<run_interrupt> interrupt;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::list<active_run> runs_;  // of the claiming thread; once it has ended, of `run`
};

int claim_loop::run() {
  std::error_code failed;
  std::filesystem::create_directories(options_.work_dir, failed);
  std::thread signals{[this] { watch_signals(); }};
  idle_since_ = system_clock{}.now();
  // The claim waits long on the server; on its own thread it does not delay an end.
  std::thread claiming{[this] { claim(); }};
  wait_for_end();
  // First the waiting claim is given up: a task that is given back must not come back here.
  port_->give_up();
  claiming.join();
  wait_for_runs();
  ::kill(::getpid(), SIGUSR2);
  signals.join();
  return broken_ ? 1 : 0;
}

// Until a signal or a limit: of age, of tasks, of time without one.
void claim_loop::wait_for_end() {
  std::optional<timestamp> rests_since;  // of the time without runs that it rests in
  std::unique_lock lock{guard_};
  while (!draining_) {
    const auto now = system_clock{}.now();
    std::optional<timestamp> next;  // when there is to be looked again
    const auto has_come = [&](timestamp due) {
      if (now < due)
        next = next ? std::min(*next, due) : due;
      return now >= due;
    };
    if (options_.life_limit.count() > 0 && has_come(born_ + options_.life_limit))
      draining_ = true;
    if (running_ == 0 && options_.idle_timeout.count() > 0 &&
        has_come(idle_since_ + options_.idle_timeout))
      draining_ = true;
    if (running_ == 0 && rests_since != idle_since_ && has_come(idle_since_ + rest_after)) {
      rests_since = idle_since_;
      let_go_of_code();
    }
    if (draining_)
      break;
    if (next)
      changed_.wait_for(lock, *next - now);
    else
      changed_.wait(lock);
  }
  changed_.notify_all();
}

void claim_loop::wait_for_runs() {
  {
    std::unique_lock lock{guard_};
    changed_.wait(lock, [this] { return running_ == 0 || hurried_; });
  }
  // Those that have ended do not mind.
  for (auto& run : runs_)
    run.interrupt->stop();
  for (auto& run : runs_)
    run.thread.join();
}

void claim_loop::watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGUSR2})
    sigaddset(&set, signal);
  for (;;) {
    int signal = 0;
    sigwait(&set, &signal);
    const std::lock_guard lock{guard_};
    if (signal == SIGUSR2)
      return;
    if (signal == SIGTERM || draining_)
      hurried_ = true;
    draining_ = true;
    changed_.notify_all();
  }
}

unsigned claim_loop::free_slots() {
  std::unique_lock lock{guard_};
  changed_.wait(lock, [this] { return draining_ || running_ < options_.capacity; });
  if (draining_)
    return 0;
  const auto free = std::min(options_.capacity - running_, most_claims);
  return options_.task_limit == 0 ? free : std::min(free, options_.task_limit - claimed_);
}

// Whether more is to be claimed after it.
bool claim_loop::pause(std::chrono::milliseconds time) {
  std::unique_lock lock{guard_};
  return !changed_.wait_for(lock, time, [this] { return draining_; });
}

void claim_loop::claim() {
  constexpr std::chrono::milliseconds first_pause = 200ms;
  constexpr std::chrono::milliseconds longest_pause = 5s;
  auto time = first_pause;
  while (const auto free = free_slots()) {
    const auto result = port_->claim_work(free);
    const auto answer = result.json();
    const auto* tasks = answer.is_object() ? answer.get_object().if_contains("tasks") : nullptr;
    if (result.status == 200 && tasks != nullptr && tasks->is_array()) {
      time = first_pause;
      for (const auto& entry : tasks->get_array())
        start(entry.as_object());
      continue;
    }
    if (!pause(0ms))
      return;  // given up
    log_message(severity::warning,
                "claimWork was answered with " + std::to_string(result.status) + " " +
                    (result.trouble.empty() ? result.body.substr(0, 300) : result.trouble));
    pause(time);
    time = std::min(time * 2, longest_pause);
  }
}

void claim_loop::start(json::object claim) {
  runs_.remove_if([](active_run& run) {
    if (*run.done)
      run.thread.join();
    return run.done->load();
  });
  {
    const std::lock_guard lock{guard_};
    ++running_;
    if (++claimed_ == options_.task_limit)
      draining_ = true;
    changed_.notify_all();
  }
  auto interrupt = std::make_unique<run_interrupt>();
  auto done = std::make_shared<std::atomic<bool>>(false);
  std::thread thread{[this, done, &interrupt = *interrupt, claim = std::move(claim)]() mutable {
    perform(std::move(claim), interrupt);
    *done = true;
  }};
  runs_.push_back({std::move(thread), std::move(interrupt), std::move(done)});
}

void claim_loop::perform(json::object claim, run_interrupt& interrupt) {
  bool good = true;
  try {
    task_run run{options_, *port_, guardian_, caches_, std::move(claim), interrupt};
    good = run.perform();
  } catch (const std::exception& failed) {
    // An answer that is not what it must be: the claim will expire and be retried.
    log_message(severity::error, std::string{"a run was given up: "} + failed.what());
  }
  const std::lock_guard lock{guard_};
  --running_;
  idle_since_ = system_clock{}.now();
  if (!good)
    broken_ = draining_ = hurried_ = true;
  changed_.notify_all();
}

}  // namespace

int run_worker(const worker_options& options, process_guardian& guardian) {
  return claim_loop{options, guardian}.run();
}

}  // namespace troupe
