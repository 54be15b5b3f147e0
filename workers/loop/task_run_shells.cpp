// Shells in the task while it runs: the workers contract, section 6.5.

#include "messages/json_members.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "workers/loop/resource_monitor.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto patience_with_server = 5s;
constexpr auto time_after_the_task = 15min;  // for an artifact whose task is over by then

}  // namespace

void task_run::open_shells() {
  const auto line = execution_->shell({fixed_variables(), {}, {}});
  if (!line)
    return log_->note_warning("[interactive] There are no shells in such a task.");
  const started_words shell{within_limits(line->words), line->directory, line->env};
  const auto& run = claim_.run();
  shells_ = std::make_unique<shell_host>(shell_host_options{
      options_.root_url, run.task, run.run, [this] { return claim_.by(); },
      [this, shell](int terminal) { return processes_->open_shell(shell, terminal); }});
  if (!shells_->wait_until_offered(patience_with_server))
    log_->note_warning("[interactive] The server does not take the offer of shells yet.");
  const auto until = system_clock{}.now() + payload_.max_run_time + time_after_the_task;
  const auto expires = parse_date_time(text_of(task_, "expires")).value_or(until);
  json::object body;
  body["storageType"] = "reference";
  body["contentType"] = "text/html";
  body["expires"] = to_iso(std::min(until, expires));
  body["url"] = options_.root_url +
                "/shell/?v=2&socketUrl=" + percent_encoded(shells_->socket_url()) +
                "&taskId=" + task_id_ + "&runId=" + run_id_;
  if (create_artifact(shell_artifact, body).good())
    log_->note(std::string{"[interactive] Shells are offered by the artifact "} + shell_artifact);
  else
    log_->note_warning(std::string{"[interactive] The artifact "} + shell_artifact +
                       " cannot be created, so no shell can be found.");
}

void task_run::close_shells() {
  if (shells_)
    shells_->close();
}

}  // namespace troupe
