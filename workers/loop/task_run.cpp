#include "workers/loop/task_run.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "workers/files/trees.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/resource_monitor.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/run_services.hpp"
#include "workers/loop/stage_watch.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/processes/control_group.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <filesystem>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto patience_after_claim = 5min;
constexpr auto patience_when_stopping = 10s;
constexpr std::chrono::seconds patience_with_late_stage = 1min;

timestamp now() { return system_clock{}.now(); }

}  // namespace

task_run::task_run(const worker_options& options, queue_port& port, process_guardian& guardian,
                   worker_caches& caches, json::object claim, run_interrupt& interrupt)
    : options_(options),
      guardian_(guardian),
      caches_(caches),
      port_(port),
      interrupt_(interrupt),
      claim_(port, claim, interrupt),
      client_(options.root_url),
      downloads_(options.root_url, &interrupt.told()),
      task_id_(claim_.run().task.str()),
      run_id_(std::to_string(claim_.run().run)),
      task_(claim.at("task").as_object()),
      directory_(options.work_dir + "/task_" + task_id_ + "_" + run_id_),
      engine_(choose_engine(options.engines, payload_of(task_))) {
  interrupt_.on_told([this] { downloads_.wake(); });
}

task_run::~task_run() {
  watch_.reset();
  interrupt_.on_told({});
  claim_.on_renewal({});
  execution_.reset();
  mounts_.reset();
  remove_tree(directory_);
}

// Calls are repeated until they get an answer that will not change, or the claim has ended. A
// worker that is told to end does not wait that long for a server that is away.
call_result task_run::repeat(const std::function<call_result()>& attempt) const {
  auto pause = 100ms;
  for (;;) {
    auto result = attempt();
    const auto stopped = interrupt_.stopped();
    const auto until =
        stopped ? *stopped + patience_when_stopping : claim_.taken_until() + patience_after_claim;
    if (!result.passing() || now() > until)
      return result;
    interrupt_.pause(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, 5s);
  }
}

call_result task_run::call(std::string_view verb, const std::string& target,
                           const std::string& body) {
  return repeat([&] { return client_.call(claim_.by(), verb, target, body, "application/json"); });
}

// What comes before and after the commands of a run is to end within a time, which is told here. A
// thread that does not come back even then cannot be ended, but its program can.
void task_run::watch_stages() {
  if (options_.stage_limit.count() == 0)
    return;
  const auto which = " of " + task_id_ + "/" + run_id_ + " has taken more than " +
                     std::to_string(options_.stage_limit.count()) + " s";
  watch_ = std::make_unique<stage_watch>(
      options_.stage_limit, std::min(options_.stage_limit, patience_with_late_stage),
      [which](const std::string& stage) {
        log_message(severity::error, stage + which + "; the worker ends");
        ::kill(::getpid(), SIGTERM);
      },
      [this, which](const std::string& stage) {
        log_message(severity::error, stage + which +
                                         " and cannot be ended; nor can the worker, "
                                         "other than at once");
        port_.report(claim_.run(), claim_.by(), run_report::internal_error);
        ::_exit(1);
      });
}

void task_run::enter(const char* stage) {
  if (watch_)
    watch_->enter(stage);
}

void task_run::leave_stage() {
  if (watch_)
    watch_->leave();
}

// The worker was told to end because of it.
task_run::verdict task_run::with_late_stage(verdict result) {
  const auto late = watch_ ? watch_->late() : std::nullopt;
  if (!late || result == verdict::lost)
    return result;
  log_->note_error(*late + " took longer than the " + std::to_string(options_.stage_limit.count()) +
                   " s that this worker gives it, so the worker ends.");
  return verdict::fatal;
}

bool task_run::perform() {
  watch_stages();
  enter("Preparing");
  const auto result = work();
  leave_stage();
  claim_.on_renewal({});
  proxy_.reset();
  if (result != verdict::lost)
    report(result);
  claim_.release();
  const bool ends = result == verdict::fatal || (watch_ && watch_->late()) ||
                    (result == verdict::internal && options_.stops_on_error);
  if (ends)
    log_message(severity::error, "the worker ends because of an error of its own in the task " +
                                     task_id_ + "/" + run_id_ + "; its log says which");
  return !broken_ && !ends;
}

task_run::verdict task_run::work() {
  std::error_code failed;
  fs::create_directories(directory_ + "/work", failed);
  log_ = std::make_unique<live_log>(
      options_.root_url, directory_ + "/live.log", claim_.run(), [this] { return claim_.by(); },
      options_.most_log_bytes);
  std::vector<std::string> problems;
  execution_ = engine_.open({task_id_, run_id_, task_, directory_, options_.root_url}, problems);
  payload_ = execution_->payload();
  if (options_.max_run_time.count() > 0 && payload_.max_run_time > options_.max_run_time)
    problems.push_back("maxRunTime: is " + std::to_string(payload_.max_run_time.count()) +
                       " s, and this worker gives a task at most " +
                       std::to_string(options_.max_run_time.count()) + " s");
  if (payload_.keeps_live_log)
    create_live_log();
  log_->note("Worker " + options_.worker_group + "/" + options_.worker_id + " of " +
             options_.task_queue_id);
  log_->note("Task ID: " + task_id_);
  verdict result = verdict::malformed;
  if (!problems.empty()) {
    log_->note_error("The payload of this task is not understood by this worker:");
    for (const auto& problem : problems)
      log_->note_error("  " + problem);
    log_->note("This worker reads payloads of the schema:");
    log_->write(std::string{engine_.schema()} + "\n");
  } else {
    result = run_commands();
  }
  enter("Uploading artifacts");
  if (execution_->has_artifacts(result))
    upload_artifacts();
  if (artifact_trouble_)
    result = execution_->with_trouble(result, *artifact_trouble_);
  enter("Giving back caches");
  result = with_late_stage(unmount(result));
  enter("Keeping the log");
  if (result == verdict::shutdown) {
    // The queue hears first, so that the retry can start; the log follows.
    log_->note(std::string{interrupt_.stopped() ? "The worker is shutting down; the" : "The"} +
               " task is given back.");
    report(result);
    keep_logs();
    return verdict::lost;
  }
  keep_logs();
  return interrupt_.lost() ? verdict::lost : result;
}

// -- report ---------------------------------------------------------------------------------------

void task_run::report(verdict result) {
  auto what = [&] {
    switch (result) {
      case verdict::completed:
        return run_report::completed;
      case verdict::failed:
        return run_report::failed;
      case verdict::malformed:
        return run_report::malformed_payload;
      case verdict::unavailable:
        return run_report::resource_unavailable;
      case verdict::intermittent:
        return run_report::intermittent_task;
      case verdict::shutdown:
        return run_report::worker_shutdown;
      default:
        return run_report::internal_error;
    }
  };
  const auto answer = repeat([&] { return port_.report(claim_.run(), claim_.by(), what()); });
  if (!answer.good())
    log_message(severity::warning, "the result of " + task_id_ + "/" + run_id_ +
                                       " was not taken (" + std::to_string(answer.status) +
                                       "): it was resolved by somebody else");
}

}  // namespace troupe
