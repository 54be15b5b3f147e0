#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "workers/loop/queue_port.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/worker.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

class claim_loop {
 public:
  explicit claim_loop(const worker_options& options)
      : options_(options), port_(options.make_queue_port(options)) {}

  int run();

 private:
  void watch_signals();
  void claim();
  void start(json::object claim);
  unsigned free_slots();
  bool idle_too_long();

  const worker_options& options_;
  std::atomic<bool> draining_{false};  // no more claims
  std::atomic<bool> stopping_{false};  // tasks are stopped, too
  std::unique_ptr<queue_port> port_;
  bool hurried_ = false;  // guarded; tasks are to be stopped once no claim waits any more
  std::mutex guard_;
  std::condition_variable changed_;
  unsigned running_ = 0;  // guarded
  timestamp idle_since_;
  struct active_run {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::list<active_run> runs_;  // of the claiming thread
};

int claim_loop::run() {
  std::error_code failed;
  std::filesystem::create_directories(options_.work_dir, failed);
  std::thread signals{[this] { watch_signals(); }};
  idle_since_ = system_clock{}.now();
  // The claim waits up to 20 s on the server; on its own thread it does not delay an end.
  std::thread claiming{[this] { claim(); }};
  {
    std::unique_lock lock{guard_};
    changed_.wait(lock, [this] { return draining_.load(); });
  }
  // First the waiting claim is given up: a task that is given back must not come back here.
  port_->give_up();
  claiming.join();
  {
    std::unique_lock lock{guard_};
    while (running_ > 0) {
      if (hurried_)
        stopping_ = true;
      changed_.wait(lock, [this] { return running_ == 0 || (hurried_ && !stopping_); });
    }
  }
  for (auto& run : runs_)
    run.thread.join();
  ::kill(::getpid(), SIGUSR2);
  signals.join();
  return 0;
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
  return draining_ ? 0 : std::min(options_.capacity - running_, 32u);
}

bool claim_loop::idle_too_long() {
  const std::lock_guard lock{guard_};
  if (running_ > 0)
    idle_since_ = system_clock{}.now();
  return options_.idle_timeout.count() > 0 &&
         system_clock{}.now() - idle_since_ > options_.idle_timeout;
}

void claim_loop::claim() {
  auto pause = 200ms;
  while (const auto free = free_slots()) {
    const auto result = port_->claim_work(free);
    if (draining_ && result.status == 0)
      return;  // given up
    const auto answer = result.json();
    if (result.status != 200 || !answer.is_object()) {
      log_message(severity::warning,
                  "claimWork was answered with " + std::to_string(result.status) + " " +
                      (result.trouble.empty() ? result.body.substr(0, 300) : result.trouble));
      std::this_thread::sleep_for(pause);
      pause = std::min<std::chrono::milliseconds>(pause * 2, 5s);
      continue;
    }
    pause = 200ms;
    for (const auto& entry : answer.at("tasks").as_array())
      start(entry.as_object());
    if (idle_too_long()) {
      const std::lock_guard lock{guard_};
      draining_ = true;
      changed_.notify_all();
    }
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
  }
  auto done = std::make_shared<std::atomic<bool>>(false);
  std::thread thread{[this, done, claim = std::move(claim)]() mutable {
    try {
      task_run run{options_, *port_, std::move(claim), stopping_};
      run.perform();
    } catch (const std::exception& failed) {
      // An answer that is not what it must be: the claim will expire and be retried.
      log_message(severity::error, std::string{"a run was given up: "} + failed.what());
    }
    {
      const std::lock_guard lock{guard_};
      --running_;
      idle_since_ = system_clock{}.now();
      changed_.notify_all();
    }
    *done = true;
  }};
  runs_.push_back({std::move(thread), std::move(done)});
}

}  // namespace

int run_worker(const worker_options& options) { return claim_loop{options}.run(); }

}  // namespace troupe
