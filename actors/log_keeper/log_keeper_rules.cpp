#include "actors/log_keeper/log_keeper_rules.hpp"

#include "messages/json_members.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr const char* log_type = "text/plain; charset=utf-8";
constexpr std::chrono::milliseconds first_pause = 5s;
constexpr std::chrono::milliseconds longest_pause = 1h;

bool is_refused(const answer& said) { return said.status >= 400 && said.status < 500; }

keeping_verdict fail(kept_log& log) {
  log.step = keeping_step::read_task;
  ++log.failures;
  return {keeping::again};
}

keeping_verdict refuse(const kept_log& log, std::string_view why) {
  return {keeping::over, "the log of " + log.text() +
                             ", which its worker has left, is not kept: " + std::string{why}};
}

bool is_off(const json::object& payload, std::string_view feature) {
  const auto* features = payload.if_contains("features");
  const auto* wanted = features != nullptr && features->is_object()
                           ? features->get_object().if_contains(feature)
                           : nullptr;
  return wanted != nullptr && wanted->is_bool() && !wanted->get_bool();
}

// `live.log` is kept as `live_backing.log`.
std::string backing_of(const std::string& name) {
  const auto slash = name.rfind('/');
  const auto dot = name.rfind('.');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash))
    return name + "_backing";
  return name.substr(0, dot) + "_backing" + name.substr(dot);
}

// The names that the worker would have used: `payload.logs` of generic-worker, `payload.log` of
// docker-worker.
void read_names(kept_log& log, const json::object& payload) {
  if (const auto given = text_of(payload, "log"); !given.empty()) {
    log.live = given;
    log.backing = backing_of(given);
  }
  const auto* names = payload.if_contains("logs");
  if (names == nullptr || !names->is_object())
    return;
  if (auto given = text_of(names->get_object(), "backing"); !given.empty())
    log.backing = std::move(given);
  if (auto given = text_of(names->get_object(), "live"); !given.empty())
    log.live = std::move(given);
}

keeping_verdict take_definition(kept_log& log, const answer& said) {
  boost::system::error_code failed;
  const auto task = json::parse(said.body, failed);
  const auto expires = failed ? std::nullopt : parse_date_time(text_of(task, "expires"));
  if (!expires)
    return refuse(log, "the definition of the task cannot be read");
  log.expires = *expires;
  log.step = keeping_step::look;
  const auto* payload = task.get_object().if_contains("payload");
  if (payload == nullptr || !payload->is_object())
    return {};
  const auto& wants = payload->get_object();
  if (is_off(wants, "backingLog") || is_off(wants, "bulkLog"))
    return {keeping::over};
  read_names(log, wants);
  if (is_off(wants, "liveLog") || is_off(wants, "localLiveLog")) {
    log.live.clear();
    log.step = keeping_step::create;
  }
  return {};
}

// The link is the last thing that a worker makes, and whoever makes it has uploaded the log before.
// An artifact without it may be one whose data never came.
keeping_verdict take_look(kept_log& log, const answer& said) {
  boost::system::error_code failed;
  const auto known = json::parse(said.body, failed);
  if (!said.error && !failed && text_of(known, "storageType") == "link")
    return {keeping::over};
  log.step = keeping_step::create;
  return {};
}

keeping_verdict take_place(kept_log& log, const answer& said) {
  if (is_refused(said))
    return refuse(log, said.error ? said.error->message : said.body);
  boost::system::error_code failed;
  const auto place = json::parse(said.body, failed);
  if (failed)
    return fail(log);
  log.put_url = text_of(place, "putUrl");
  log.put_type = text_of(place, "contentType");
  log.step = keeping_step::upload;
  return {};
}

create_artifact artifact_of(const kept_log& log) {
  create_artifact command;
  command.task = log.task;
  command.run = log.run;
  command.content_type = log_type;
  command.expires = log.expires;
  command.for_lost_worker = true;
  return command;
}

}  // namespace

std::optional<run_name> run_behind(const event& what) {
  constexpr std::string_view queue = "exchange/taskcluster-queue/v1/";
  if (!what.exchange.starts_with(queue))
    return std::nullopt;
  const auto kind = what.exchange.substr(queue.size());
  const bool pending = kind == "task-pending";
  if (!pending && kind != "task-exception")
    return std::nullopt;
  // `primary.<task>.<run>. ...`
  const auto first = what.routing_key.find('.');
  const auto second = what.routing_key.find('.', first + 1);
  const auto third = what.routing_key.find('.', second + 1);
  if (third == std::string_view::npos)
    return std::nullopt;
  const auto task = task_id::parse(what.routing_key.substr(first + 1, second - first - 1));
  run_name name;
  if (!task || std::from_chars(what.routing_key.data() + second + 1,
                               what.routing_key.data() + third, name.run)
                       .ec != std::errc{})
    return std::nullopt;
  if (pending && name.run-- == 0)
    return std::nullopt;
  name.task = *task;
  return name;
}

std::string how_resolved(std::string_view status, run_id run) {
  boost::system::error_code failed;
  const auto body = json::parse(status, failed);
  if (failed)
    return {};
  const auto* found = body.find_pointer("/status/runs/" + std::to_string(run), failed);
  if (found == nullptr || !found->is_object())
    return {};
  const auto& about = found->get_object();
  return text_of(about, "state") == "exception" && about.contains("started")
             ? text_of(about, "reasonResolved")
             : std::string{};
}

keeping_verdict take_answer(kept_log& log, const answer& said) {
  // Only a task that is not there, and an artifact, are said to be missing by the server's own
  // actors.
  const bool missing = said.error && said.error->code == error_code::resource_not_found;
  if (log.step == keeping_step::read_task && missing)
    return {keeping::gone};
  if (said.error && !is_refused(said))
    return fail(log);
  switch (log.step) {
    case keeping_step::read_task:
      return take_definition(log, said);
    case keeping_step::look:
      return take_look(log, said);
    case keeping_step::create:
      return take_place(log, said);
    case keeping_step::upload:
    case keeping_step::link:
      break;
  }
  return said.error ? refuse(log, said.error->message) : keeping_verdict{keeping::over};
}

keeping_question question_of(const kept_log& log) {
  switch (log.step) {
    case keeping_step::read_task:
      return get_task{log.task, {}};
    case keeping_step::look:
      return describe_artifact{log.task, log.run, log.live, {}};
    case keeping_step::create: {
      auto command = artifact_of(log);
      command.name = log.backing;
      return command;
    }
    case keeping_step::link: {
      auto command = artifact_of(log);
      command.name = log.live;
      command.storage = artifact_storage::link;
      command.details = log.backing;
      return command;
    }
    case keeping_step::upload:
      break;
  }
  return {};
}

keeping_verdict take_upload(kept_log& log, bool has_file, const outcome<void>& sent) {
  if (!has_file)
    return refuse(log, "its spool file is not there any more");
  if (!sent) {
    const bool first = log.failures == 0;
    auto verdict = fail(log);
    if (first)
      verdict.warning = "the log of " + log.text() +
                        ", which its worker has left, cannot be uploaded now, which is tried "
                        "again: " +
                        sent.error().message;
    return verdict;
  }
  log.step = keeping_step::link;
  return {log.live.empty() ? keeping::over : keeping::goes_on};
}

std::chrono::milliseconds pause_before(const kept_log& log) {
  constexpr unsigned most_doublings = 16;
  const auto doublings = std::min(std::max(log.failures, 1U) - 1, most_doublings);
  return std::min(first_pause * (1 << doublings), longest_pause);
}

}  // namespace troupe
