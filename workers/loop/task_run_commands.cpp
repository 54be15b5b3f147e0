// The commands of a run: started one after the other, watched by waiting for whatever comes first.

#include "messages/json_members.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/log/log.hpp"
#include "workers/loop/resource_monitor.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/run_services.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/processes/control_group.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 1h;
// Processes that even SIGKILL does not end are waiting for the system; the worker goes on.
constexpr auto patience_after_grace = 10s;

timestamp now() { return system_clock{}.now(); }

}  // namespace

std::map<std::string, std::string> task_run::fixed_variables() const {
  std::map<std::string, std::string> env;
  env["TASK_ID"] = task_id_;
  env["RUN_ID"] = run_id_;
  env["TASK_GROUP_ID"] = text_of(task_, "taskGroupId");
  env["TASKCLUSTER_ROOT_URL"] = options_.root_url;
  env["TASKCLUSTER_WORKER_LOCATION"] = "{}";
  if (proxy_)
    env["TASKCLUSTER_PROXY_URL"] = proxy_->url();
  return env;
}

void task_run::open_proxy() {
  auto scopes = task_scopes();
  scopes.push_back("queue:create-artifact:" + task_id_ + "/" + run_id_);
  proxy_ = std::make_unique<task_proxy>(options_.root_url, claim_.by(), std::move(scopes),
                                        execution_->proxy_places());
  claim_.on_renewal([this](const credentials& by) {
    proxy_->use(by);
    execution_->use(by);
  });
}

task_run::verdict task_run::run_commands() {
  if (const auto because = make_ready())
    return *because;
  return run_ready();
}

// Those of a renewal that comes in between are not to be replaced by what they were before.
void task_run::share_credentials() {
  claim_.on_renewal([this](const credentials& by) { execution_->use(by); });
  credentials shared;
  do {
    shared = claim_.by();
    execution_->use(shared);
  } while (!(claim_.by() == shared));
}

// What keeps the run from its commands.
std::optional<task_run::verdict> task_run::make_ready() {
  if (const auto because = check_scopes())
    return because;
  if (const auto because = mount_all())
    return because;
  prepared_ = true;
  share_credentials();
  const auto because = execution_->prepare(*desk_);
  if (const auto told = verdict_of_interrupt())
    return told;
  if (!because && payload_.proxy)
    open_proxy();
  return because;
}

// Where processes can be started; false when this worker has no such place any more.
bool task_run::make_places() {
  api_error why;
  auto place = guardian_.open_run(directory_);
  if (!place)
    why = place.error();
  else
    processes_ = std::move(*place);
  if (options_.groups && processes_) {
    auto group = options_.groups->make(task_id_ + "_" + run_id_);
    if (!group)
      why = group.error();
    else
      group_ = std::move(*group);
  }
  broken_ = !processes_ || (options_.groups && !group_);
  if (broken_) {
    log_->note_error("This worker cannot run tasks any more: " + why.message);
    log_message(severity::error, why.message);
  }
  return !broken_;
}

std::vector<std::string> task_run::within_limits(const std::vector<std::string>& words) const {
  return group_ ? group_->entering(words) : words;
}

// What the kernel has done because the task has reached its limits.
void task_run::note_limits() {
  if (!group_)
    return;
  constexpr std::uint64_t mb = 1024 * 1024;
  const auto& limits = options_.groups->limits();
  if (group_->ended_for_memory() > 0)
    log_->note_error("Out of memory: the kernel killed processes of this task, which may have " +
                     std::to_string(limits.memory_bytes / mb) + " MB together.");
  if (group_->processes_refused() > 0)
    log_->note_error("Out of processes: the kernel refused this task more than the " +
                     std::to_string(limits.processes) +
                     " processes and threads that it may have at once.");
}

task_run::verdict task_run::run_ready() {
  if (!make_places())
    return verdict::shutdown;
  if (payload_.interactive) {
    open_shells();
    open_displays();
  }
  leave_stage();
  log_->note("=== Task Starting ===");
  const auto started = now();
  run_until_ = started + payload_.max_run_time;
  auto result = verdict::completed;
  run_surroundings around{fixed_variables(), {}, {}};
  if (proxy_) {
    around.proxy = proxy_->place();
    around.serve_proxy = [this](descriptor listener) { proxy_->serve(std::move(listener)); };
  }
  for (const auto& line : execution_->commands(around)) {
    result = run_command(line);
    if (result != verdict::completed)
      break;
  }
  // What the commands left behind does not outlive them.
  end_processes(0ms);
  note_limits();
  report_resources();
  processes_->leave();
  log_->note("=== Task Finished ===");
  log_->note("Task Duration: " + std::to_string((now() - started).count()) + " ms");
  return result;
}

task_run::verdict task_run::run_command(const command_line& line) {
  if (!line.shown.empty())
    log_->note("Executing: " + line.shown);
  // When the guard is gone, the news say so.
  if (!start_command(line))
    return verdict::internal;
  const auto result = watch_command();
  if (errors_)
    log_->write(errors_->finish());
  errors_.reset();
  return result;
}

// False when what it is to have is not there.
bool task_run::start_command(const command_line& line) {
  if (line.input.empty()) {
    processes_->start(within_limits(line.words), line.directory, line.env);
    return true;
  }
  const descriptor input{::open(line.input.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!input) {
    log_->note_error("The input of the command cannot be read.");
    return false;
  }
  errors_.emplace(line.error_prefix);
  processes_->start_apart({within_limits(line.words), line.directory, line.env}, input.get());
  return true;
}

task_run::verdict task_run::watch_command() {
  for (;;) {
    wait_for_processes(true, std::max<std::chrono::milliseconds>(run_until_ - now(), 0ms));
    take_output();
    auto because = verdict_of_interrupt();
    if (!because)
      because = verdict_of_time();
    if (because) {
      end_processes(options_.kill_grace);
      return *because;
    }
    const auto ended = verdict_of_news();
    if (ended)
      return *ended;
    watch_resources();
  }
}

// As soon as it is known where the processes are.
void task_run::watch_resources() {
  if (payload_.resource_monitor && !monitor_ && processes_->guard() != 0)
    monitor_ = std::make_unique<resource_monitor>(processes_->guard());
}

void task_run::report_resources() {
  if (!monitor_)
    return;
  for (const auto& line : monitor_->finish())
    log_->note(line);
  monitor_.reset();
}

// Why the run is not to go on.
std::optional<task_run::verdict> task_run::verdict_of_interrupt() {
  if (const auto why = interrupt_.lost()) {
    log_->note_error("The claim of this run was lost: " + *why + ".");
    return verdict::lost;
  }
  if (interrupt_.stopped())
    return verdict::shutdown;
  return {};
}

std::optional<task_run::verdict> task_run::verdict_of_time() {
  if (now() < run_until_)
    return {};
  log_->note_error("The task ran longer than its maxRunTime of " +
                   std::to_string(payload_.max_run_time.count()) + " s and was stopped.");
  return execution_->out_of_time();
}

// How the command ended, if it has.
std::optional<task_run::verdict> task_run::verdict_of_news() {
  const auto news = processes_->next_news();
  if (!news || news->what == process_news::kind::all_gone)
    return {};
  if (news->what == process_news::kind::guard_lost) {
    log_->note_error("The process that guards the processes of this task was killed.");
    return verdict::failed;
  }
  take_output();  // what the command has written before it ended
  if (errors_)
    log_->write(errors_->finish());
  const auto& exit = news->exit;
  log_->note(exit.signal != 0 ? "Killed by signal " + std::to_string(exit.signal)
                              : "Exit Code: " + std::to_string(exit.code));
  if (exit.signal == 0)
    exit_code_ = exit.code;
  return execution_->judge(exit, *desk_);
}

void task_run::wait_for_processes(bool interruptible, std::chrono::milliseconds longest) {
  pollfd waits[4] = {{processes_->output(), POLLIN, 0},
                     {processes_->news(), POLLIN, 0},
                     {interruptible ? interrupt_.descriptor() : -1, POLLIN, 0},
                     {processes_->errors(), POLLIN, 0}};
  const auto wait = std::min<std::chrono::milliseconds>(longest, longest_wait);
  ::poll(waits, 4, static_cast<int>(wait.count()));
}

// Not more than fits into the pipe: who writes without end is not to keep us from anything else.
void task_run::take_output() {
  const auto errors = take_errors();
  char buffer[65536];
  for (int i = 0; i < 16; ++i) {
    const auto got = processes_->read_output(buffer, sizeof buffer);
    if (got == 0)
      break;
    log_->write({buffer, got});
  }
  log_->write(errors);
}

// Taken before the output and written after it: what a command has written before its errors stands
// before them in the log.
std::string task_run::take_errors() {
  std::string lines;
  char buffer[65536];
  for (int i = 0; i < 16 && errors_; ++i) {
    const auto got = processes_->read_errors(buffer, sizeof buffer);
    if (got == 0)
      break;
    lines += errors_->take({buffer, got});
  }
  return lines;
}

void task_run::end_processes(std::chrono::milliseconds grace) {
  close_shells();
  if (grace > 0ms)
    processes_->stop(grace);
  else
    processes_->kill();
  const auto until = now() + grace + patience_after_grace;
  while (now() < until) {
    wait_for_processes(false, until - now());
    const auto news = processes_->next_news();
    take_output();
    if (news && news->what != process_news::kind::ended)
      return;
  }
  log_->note_error("Some processes of this task cannot be ended.");
}

}  // namespace troupe
