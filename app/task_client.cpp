#include "app/task_client.hpp"

#include "app/api_client.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto longest_outage = 60s;
constexpr auto longest_silence = 10s;
constexpr auto patience_before_notice = 3s;

std::string task_target(const std::string& task_id) { return "/api/queue/v1/task/" + task_id; }

error_code code_of(unsigned status) {
  if (status == 401 || status == 403)
    return error_code::insufficient_scopes;
  if (status == 404)
    return error_code::resource_not_found;
  return status == 429 || status >= 500 ? error_code::service_unavailable : error_code::input_error;
}

api_error trouble_of(const api_client& client, const api_reply& reply) {
  if (reply.status == 0)
    return make_api_error(
        error_code::service_unavailable,
        "the server at " + client.root_url() + " does not answer: " + reply.trouble);
  boost::system::error_code failed;
  const auto body = json::parse(reply.body, failed);
  auto text = reply.body;
  if (!failed && body.is_object())
    if (const auto* message = body.get_object().if_contains("message");
        message && message->is_string())
      text = std::string{message->get_string()};
  // The part after the rule is for machines.
  return make_api_error(code_of(reply.status), text.substr(0, text.find("\n\n---")));
}

// What reading a log came to.
enum class reading { whole, none, forbidden, broken, silent };

// The log of one run, as far as it was read.
struct log_reader {
  const std::function<void(std::string_view)>& show;
  std::size_t run = 0;
  std::size_t seen = 0;
};

// One attempt from where the reader stands.
reading read_log(api_client& client, const std::string& task_id, log_reader& reader) {
  const auto reply = client.read(
      "/api/troupe/v1/log/" + task_id + "/" + std::to_string(reader.run) +
          "?offset=" + std::to_string(reader.seen),
      [&reader](std::string_view bytes) {
        reader.seen += bytes.size();
        reader.show(bytes);
      },
      longest_silence);
  if (reply.given_up)
    return reading::silent;
  switch (reply.status) {
    case 200:
      return reading::whole;
    case 404:
      return reading::none;
    case 401:
    case 403:
      return reading::forbidden;
    default:
      return reading::broken;
  }
}

// What a follower must know of a task.
struct progress {
  std::string state;
  std::vector<std::string> runs;  // the state of each
  std::string queue;

  bool is_resolved() const {
    return state == "completed" || state == "failed" || state == "exception";
  }
  bool is_over(std::size_t run) const {
    return run < runs.size() && runs[run] != "pending" && runs[run] != "running";
  }
};

outcome<progress> look_at(api_client& client, const std::string& task_id) {
  const auto reply = client.call("GET", task_target(task_id) + "/status");
  if (reply.status != 200)
    return trouble_of(client, reply);
  boost::system::error_code failed;
  const auto answer = json::parse(reply.body, failed);
  if (failed)
    return make_api_error(error_code::input_error,
                          client.root_url() + " does not answer as a Taskcluster server does");
  const auto& status = answer.at("status");
  progress found{std::string{status.at("state").as_string()}, {}, {}};
  found.queue = std::string{status.at("taskQueueId").as_string()};
  for (const auto& run : status.at("runs").as_array())
    found.runs.emplace_back(run.at("state").as_string());
  return found;
}

}  // namespace

outcome<std::string> create_command_task(const command_task& what) {
  const auto now = system_clock{}.now();
  json::array words;
  for (const auto& word : what.command)
    words.emplace_back(word);
  const json::object task{
      {"taskQueueId", what.task_queue_id},
      {"created", to_iso(now)},
      {"deadline", to_iso(now + std::chrono::seconds{what.max_run_time_s} + 24h)},
      {"expires", to_iso(now + 24h * 7)},
      {"payload", {{"command", json::array{words}}, {"maxRunTime", what.max_run_time_s}}},
      {"metadata",
       {{"name", what.name},
        {"description", "A command given on the command line"},
        {"owner", "nobody@example.com"},
        {"source", "https://example.com/troupe-run"}}}};
  const auto id = make_slugid(thread_random());
  api_client client{what.root_url, what.by};
  const auto reply = client.call("PUT", task_target(id), json::serialize(task));
  if (reply.status != 200)
    return trouble_of(client, reply);
  return id;
}

outcome<std::string> follow_task(const command_task& what, const std::string& task_id,
                                 const task_audience& to, const stop_signal& stop,
                                 std::size_t first_run) {
  api_client client{what.root_url, what.by, &stop};
  log_reader reader{to.log, first_run};
  const auto begun = system_clock{}.now();
  auto last_heard = begun;
  bool noticed = false;
  for (auto pause = 20ms;;) {
    // The state is asked for first: what a run that is over has written can be read to its end.
    const auto found = look_at(client, task_id);
    const auto seen_before = reader.seen;
    const auto log = read_log(client, task_id, reader);
    if (stop.is_set())
      return std::string{};
    if (log == reading::forbidden)
      return make_api_error(error_code::insufficient_scopes,
                            "the log may not be read with these credentials; it takes the scope "
                            "queue:get-artifact:public/logs/live.log");
    const auto now = system_clock{}.now();
    if (found) {
      last_heard = now;
      if (found->is_over(reader.run) && log != reading::broken) {
        if (reader.run + 1 == found->runs.size() && found->is_resolved())
          return found->state;
        if (reader.run + 1 < found->runs.size()) {
          reader.run += 1;
          reader.seen = 0;
          to.on_notice("that run came to nothing; run " + std::to_string(reader.run) + " follows");
          continue;
        }
      }
      if (found->state == "pending" && now - begun > patience_before_notice &&
          !std::exchange(noticed, true))
        to.on_notice("waiting for a worker of " + what.task_queue_id);
    } else if (found.error().code != error_code::service_unavailable ||
               now - last_heard > longest_outage) {
      return found.error();
    }
    pause = reader.seen != seen_before ? 20ms : std::min(pause * 2, 500ms);
    if (stop.wait_for(pause))
      return std::string{};
  }
}

namespace {

// What there is of the log of a run: live, or as the artifact that it has become.
outcome<void> show_what_there_is(const wanted_log& what, const progress& found, std::size_t run,
                                 const task_audience& to, const stop_signal& stop) {
  api_client client{what.root_url, what.by, &stop};
  const auto number = std::to_string(run);
  const auto live = "/api/troupe/v1/log/" + what.task_id + "/" + number;
  // A range is what there is now; the log of a run that goes on would not end otherwise.
  auto reply =
      client.read(live, to.log, longest_silence, found.is_over(run) ? std::string{} : "bytes=0-");
  if (reply.status == 404)
    reply = client.fetch(
        task_target(what.task_id) + "/runs/" + number + "/artifacts/public%2Flogs%2Flive.log",
        to.log, longest_silence);
  if (reply.status == 200 || reply.status == 206 || reply.status == 416 || stop.is_set())
    return boost::system::in_place_value;
  if (reply.status == 404)
    return make_api_error(error_code::resource_not_found,
                          "run " + number + " of task " + what.task_id + " is " + found.runs[run] +
                              " and has no log" + (found.is_over(run) ? "" : " yet"));
  if (reply.status == 401 || reply.status == 403)
    return make_api_error(error_code::insufficient_scopes,
                          "the log may not be read with these credentials; it takes the scope "
                          "queue:get-artifact:public/logs/live.log");
  return trouble_of(client, reply);
}

}  // namespace

outcome<void> show_log(const wanted_log& what, const task_audience& to, const stop_signal& stop) {
  api_client client{what.root_url, what.by, &stop};
  TROUPE_TRY(const auto found, look_at(client, what.task_id));
  const auto last = found.runs.empty() ? std::size_t{0} : found.runs.size() - 1;
  const auto run = what.run.value_or(last);
  const bool to_come = what.follow && !found.is_resolved() && run == last;
  if (run >= found.runs.size() && !to_come)
    return make_api_error(error_code::resource_not_found,
                          "task " + what.task_id + " is " + found.state + " and has " +
                              std::to_string(found.runs.size()) + " runs; they count from 0");
  if (!to_come)
    return show_what_there_is(what, found, run, to, stop);
  command_task about{what.root_url, what.by, found.queue, {}, {}};
  TROUPE_CHECK(follow_task(about, what.task_id, to, stop, run));
  return boost::system::in_place_value;
}

outcome<std::string> ask_why(const std::string& root_url, const credentials& by,
                             const std::string& task_id) {
  api_client client{root_url, by};
  auto reply = client.call("GET", "/api/troupe/v1/task/" + task_id + "/explain");
  if (reply.status != 200)
    return trouble_of(client, reply);
  return std::move(reply.body);
}

outcome<std::string> create_task_graph(const std::string& root_url, const credentials& by,
                                       const std::string& body) {
  api_client client{root_url, by};
  auto reply = client.call("POST", "/api/troupe/v1/task-graph", body);
  if (reply.status != 200)
    return trouble_of(client, reply);
  return std::move(reply.body);
}

outcome<std::string> ask_about_scopes(const std::string& root_url, const credentials& by,
                                      const std::string& question) {
  api_client client{root_url, by};
  auto reply = client.call("POST", "/api/troupe/v1/why", question);
  if (reply.status != 200)
    return trouble_of(client, reply);
  return std::move(reply.body);
}

outcome<std::string> find_shell(const std::string& root_url, const credentials& by,
                                const std::string& task_id) {
  api_client client{root_url, by};
  auto reply = client.call(
      "GET", task_target(task_id) + "/artifact-content/private%2Fgeneric-worker%2Fshell.html");
  if (reply.status == 200)
    return std::move(reply.body);
  if (reply.status != 404)
    return trouble_of(client, reply);
  return make_api_error(error_code::resource_not_found,
                        "task " + task_id +
                            " has no shell: it must be running, and its payload "
                            "must have the feature \"interactive\"");
}

outcome<void> cancel_task(const command_task& what, const std::string& task_id) {
  api_client client{what.root_url, what.by};
  const auto reply = client.call("POST", task_target(task_id) + "/cancel");
  if (reply.status != 200)
    return trouble_of(client, reply);
  return boost::system::in_place_value;
}

}  // namespace troupe
