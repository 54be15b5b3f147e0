#include "workers/loop/task_run.hpp"

#include "messages/json_text.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "workers/loop/child_process.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/task_proxy.hpp"

#include <boost/json.hpp>

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto patience_when_stopping = 10s;

timestamp now() { return system_clock{}.now(); }

std::string text_of(const json::object& from, std::string_view key) {
  const auto* value = from.if_contains(key);
  return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

credentials read_credentials(const json::object& from) {
  return {text_of(from, "clientId"), text_of(from, "accessToken"), text_of(from, "certificate")};
}

run_address read_address(const json::object& claim) {
  const auto id = task_id::parse(text_of(claim.at("status").as_object(), "taskId"));
  if (!id)
    throw std::runtime_error{"the claim has no taskId"};
  return {*id, static_cast<run_id>(claim.at("runId").as_int64())};
}

// Early enough that an outage of a while does no harm, and never in the last instant.
timestamp next_reclaim(timestamp from, timestamp taken_until) {
  const auto lease = taken_until - from;
  const auto margin = std::max<std::chrono::milliseconds>(lease / 10, 60s);
  return lease > 2 * margin ? taken_until - margin : from + lease / 2;
}

}  // namespace

task_run::task_run(const worker_options& options, queue_port& port, json::object claim,
                   const std::atomic<bool>& stopping)
    : options_(options),
      port_(port),
      stopping_(stopping),
      client_(options.root_url),
      by_(read_credentials(claim.at("credentials").as_object())),
      address_(read_address(claim)),
      task_id_(address_.task.str()),
      run_id_(std::to_string(address_.run)),
      task_(claim.at("task").as_object()),
      claimed_at_(now()),
      taken_until_(parse_date_time(text_of(claim, "takenUntil")).value_or(now() + 20min)),
      reclaim_at_(next_reclaim(claimed_at_, taken_until_)),
      directory_(options.work_dir + "/task_" + task_id_ + "_" + run_id_) {}

task_run::~task_run() {
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

// Calls are repeated until they get an answer that will not change, or the claim has ended. A
// worker that is told to end does not wait that long for a server that is away.
call_result task_run::repeat(const std::function<call_result()>& attempt) {
  auto pause = 100ms;
  for (;;) {
    auto result = attempt();
    if (stopping_ && !stop_until_)
      stop_until_ = now() + patience_when_stopping;
    const auto until = stop_until_.value_or(taken_until_ + 5min);
    if (!result.passing() || now() > until)
      return result;
    std::this_thread::sleep_for(pause);
    pause = std::min<std::chrono::milliseconds>(pause * 2, 5s);
  }
}

call_result task_run::call(std::string_view verb, const std::string& target,
                           const std::string& body) {
  return repeat([&] { return client_.call(by_, verb, target, body, "application/json"); });
}

void task_run::perform() {
  const auto result = work();
  proxy_.reset();
  if (result != verdict::lost)
    report(result);
}

task_run::verdict task_run::work() {
  std::error_code failed;
  fs::create_directories(directory_ + "/work", failed);
  log_ = std::make_unique<live_log>(client_, directory_ + "/live.log", task_id_, run_id_);
  create_live_log();
  std::vector<std::string> problems;
  const auto* given = task_.if_contains("payload");
  payload_ = read_payload(given != nullptr ? *given : json::value{}, problems);
  log_->note("Worker " + options_.worker_group + "/" + options_.worker_id + " of " +
             options_.task_queue_id);
  log_->note("Task ID: " + task_id_);
  verdict result = verdict::malformed;
  if (!problems.empty()) {
    log_->note_error("The payload of this task is not understood by this worker:");
    for (const auto& problem : problems)
      log_->note_error("  " + problem);
  } else {
    result = run_commands();
  }
  if (result == verdict::completed || result == verdict::failed || result == verdict::intermittent)
    if (!upload_artifacts() && result == verdict::completed)
      result = verdict::failed;
  if (result == verdict::shutdown) {
    // The queue hears first, so that the retry can start; the log follows.
    log_->note("The worker is shutting down; the task is given back.");
    report(result);
    keep_logs();
    return verdict::lost;
  }
  keep_logs();
  return lost_ ? verdict::lost : result;
}

// -- commands -------------------------------------------------------------------------------------

std::map<std::string, std::string> task_run::environment() const {
  std::map<std::string, std::string> env;
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "TMPDIR", "TERM"})
    if (const char* value = std::getenv(name))
      env[name] = value;
  env.emplace("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  for (const auto& [name, value] : payload_.env)
    env[name] = value;
  env["TASK_ID"] = task_id_;
  env["RUN_ID"] = run_id_;
  env["TASK_WORKDIR"] = directory_ + "/work";
  env["TASK_GROUP_ID"] = text_of(task_, "taskGroupId");
  env["TASKCLUSTER_ROOT_URL"] = options_.root_url;
  env["TASKCLUSTER_WORKER_LOCATION"] = "{}";
  if (proxy_)
    env["TASKCLUSTER_PROXY_URL"] = proxy_->url();
  return env;
}

task_run::verdict task_run::run_commands() {
  std::string problem;
  if (!mount_files(problem)) {
    log_->note_error(problem);
    return verdict::failed;
  }
  if (payload_.proxy) {
    std::vector<std::string> scopes;
    if (const auto* list = task_.if_contains("scopes"); list && list->is_array())
      for (const auto& scope : list->get_array())
        scopes.emplace_back(scope.as_string());
    scopes.push_back("queue:create-artifact:" + task_id_ + "/" + run_id_);
    proxy_ = std::make_unique<task_proxy>(options_.root_url, by_, std::move(scopes));
  }
  log_->note("=== Task Starting ===");
  run_until_ = now() + payload_.max_run_time;
  auto result = verdict::completed;
  for (const auto& words : payload_.commands) {
    result = run_command(words);
    if (result != verdict::completed)
      break;
  }
  log_->note("=== Task Finished ===");
  log_->note("Task Duration: " + std::to_string((now() - claimed_at_).count()) + " ms");
  return result;
}

task_run::verdict task_run::run_command(const std::vector<std::string>& words) {
  std::string shown;
  for (const auto& word : words)
    shown += (shown.empty() ? "" : " ") + word;
  log_->note("Executing: " + shown);
  child_process child{words, directory_ + "/work", environment(),
                      "TROUPE_RUN=" + task_id_ + "/" + run_id_};
  return watch(child);
}

void task_run::take_output(child_process& child) {
  char buffer[65536];
  for (int i = 0; i < 16 && child.output() >= 0; ++i) {
    const auto got = ::read(child.output(), buffer, sizeof buffer);
    if (got == 0)
      child.close_output();
    if (got <= 0)
      return;
    log_->write({buffer, static_cast<std::size_t>(got)});
  }
}

task_run::verdict task_run::watch(child_process& child) {
  for (;;) {
    pollfd waits{child.output(), POLLIN, 0};
    // A closed pipe does not wake us, so the end of a silent child is looked for now and then.
    ::poll(&waits, 1, child.output() < 0 ? 20 : 100);
    take_output(child);
    log_->send(by_);
    reclaim_when_due();
    if (lost_)
      return stop_child(child, verdict::lost);
    if (stopping_)
      return stop_child(child, verdict::shutdown);
    if (now() > run_until_) {
      log_->note_error("The task ran longer than its maxRunTime of " +
                       std::to_string(payload_.max_run_time.count()) + " s and was stopped.");
      return stop_child(child, verdict::failed);
    }
    const auto ended = child.poll();
    if (!ended)
      continue;
    take_output(child);
    // What the command left behind does not outlive it.
    if (child.any_left())
      child.signal_all(SIGKILL);
    log_->note(ended->signal != 0 ? "Killed by signal " + std::to_string(ended->signal)
                                  : "Exit Code: " + std::to_string(ended->code));
    log_->send(by_);
    if (ended->signal == 0 && ended->code == 0)
      return verdict::completed;
    const auto& retry = payload_.retry_codes;
    if (ended->signal == 0 && std::find(retry.begin(), retry.end(), ended->code) != retry.end())
      return verdict::intermittent;
    return verdict::failed;
  }
}

task_run::verdict task_run::stop_child(child_process& child, verdict because) {
  child.signal_all(SIGTERM);
  const auto until = now() + options_.kill_grace;
  while ((!child.poll() || child.any_left()) && now() < until) {
    take_output(child);
    std::this_thread::sleep_for(20ms);
  }
  for (int i = 0; i < 100 && (!child.poll() || child.any_left()); ++i) {
    child.signal_all(SIGKILL);
    std::this_thread::sleep_for(10ms);
  }
  take_output(child);
  return because;
}

void task_run::reclaim_when_due() {
  if (now() < reclaim_at_ || lost_)
    return;
  const auto result = port_.reclaim(address_, by_);
  if (result.passing()) {
    reclaim_at_ = now() + 1s;  // the server is away: again soon, as long as the claim lasts
    lost_ = now() > taken_until_ + 5min;
    return;
  }
  if (!result.good()) {
    log_->note_error("The claim of this run was lost: it was canceled, or resolved otherwise.");
    lost_ = true;
    return;
  }
  const auto answer = result.json();
  by_ = read_credentials(answer.at("credentials").as_object());
  taken_until_ = parse_date_time(text_of(answer.as_object(), "takenUntil")).value_or(taken_until_);
  reclaim_at_ = next_reclaim(now(), taken_until_);
  if (proxy_)
    proxy_->use(by_);
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
  const auto answer = repeat([&] { return port_.report(address_, by_, what()); });
  if (!answer.good())
    log_message(severity::warning, "the result of " + task_id_ + "/" + run_id_ +
                                       " was not taken (" + std::to_string(answer.status) +
                                       "): it was resolved by somebody else");
}

}  // namespace troupe
