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
  shells_ = std::make_unique<shell_host>(
      shell_host_options{options_.root_url, run.task, run.run, [this] { return claim_.by(); },
                         [this, shell](int terminal, const std::string&) {
                           return processes_->open_shell(shell, terminal);
                         }});
  if (!shells_->wait_until_offered(patience_with_server))
    log_->note_warning("[interactive] The server does not take the offer of shells yet.");
  offer_page(shell_artifact,
             options_.root_url + "/shell/?v=2&socketUrl=" + percent_encoded(shells_->socket_url()),
             "Shells are");
}

// An artifact that leads to a page, for as long as there may be something to see.
void task_run::offer_page(const std::string& artifact, const std::string& url,
                          const std::string& what) {
  const auto until = system_clock{}.now() + payload_.max_run_time + time_after_the_task;
  const auto expires = parse_date_time(text_of(task_, "expires")).value_or(until);
  json::object body;
  body["storageType"] = "reference";
  body["contentType"] = "text/html";
  body["expires"] = to_iso(std::min(until, expires));
  body["url"] = url + "&taskId=" + task_id_ + "&runId=" + run_id_;
  if (create_artifact(artifact, body).good())
    log_->note("[interactive] " + what + " offered by the artifact " + artifact);
  else
    log_->note_warning("[interactive] The artifact " + artifact +
                       " cannot be created, so it cannot be found.");
}

void task_run::open_displays() {
  std::string trouble;
  const auto there = execution_->displays(trouble);
  if (!trouble.empty())
    log_->note_warning("[interactive] There are no displays: " + trouble + ".");
  if (!there)
    return;
  const auto& run = claim_.run();
  displays_ = std::make_unique<shell_host>(shell_host_options{
      options_.root_url, run.task, run.run, [this] { return claim_.by(); },
      [this, show = there->show](int socket, const std::string& display) {
        const auto line = show(display);
        return !display.empty() &&
               processes_->open_shell({line.words, line.directory, line.env}, socket);
      },
      there->directory});
  displays_->wait_until_offered(patience_with_server);
  const auto socket_url = displays_->socket_url();
  const auto list_url = "http" + socket_url.substr(2);  // of ws:, or of wss:
  offer_page(display_artifact,
             options_.root_url + "/display/?v=1&socketUrl=" + percent_encoded(socket_url) +
                 "&displaysUrl=" + percent_encoded(list_url),
             "Displays are");
}

void task_run::close_shells() {
  if (shells_)
    shells_->close();
  if (displays_)
    displays_->close();
}

}  // namespace troupe
