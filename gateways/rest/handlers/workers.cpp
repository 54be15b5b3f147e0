#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/timestamp.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe::handlers {

namespace {

template <class Command>
Command about_worker(const request_context& call) {
  Command command;
  command.queue.text =
      std::string{call.param("provisionerId")} + "/" + std::string{call.param("workerType")};
  command.worker.group = call.param("workerGroup");
  command.worker.id = call.param("workerId");
  return command;
}

// What `list_workers` calls the end of a page.
worker_name worker_at(std::string_view position) {
  const auto slash = position.find('/');
  return {std::string{position.substr(0, slash)},
          std::string{position.substr(std::min(position.size(), slash + 1))}};
}

}  // namespace

void list_workers(request_context& call) {
  auto& here = call.here();
  troupe::list_workers command;
  command.queue.text =
      std::string{call.param("provisionerId")} + "/" + std::string{call.param("workerType")};
  command.limit = page_limit(call);
  if (const auto wanted = call.query("quarantined"))
    command.quarantined = *wanted == "true";
  // Pages of another filter are another listing.
  const auto arguments =
      command.queue.text + "?" + std::string{call.query("quarantined").value_or("")};
  const auto position = page_position(call, "listWorkers", arguments);
  if (!position)
    return call.fail(position.error());
  if (*position)
    command.after = worker_at(**position);
  command.reply = call.await_page(arguments);
  here.board.tell(here.on, std::move(command));
}

void get_worker(request_context& call) {
  auto& here = call.here();
  auto command = about_worker<troupe::get_worker>(call);
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void quarantine_worker(request_context& call) {
  auto& here = call.here();
  const auto by = call.delegate_authorization();  // the scopes were checked; this says who it is
  if (!by)
    return;
  auto command = about_worker<troupe::quarantine_worker>(call);
  // The schema has checked that it is a date.
  command.until = parse_date_time(text_member(call, "quarantineUntil")).value_or(timestamp{});
  command.info = text_member(call, "quarantineInfo");
  command.client_id = by->client_id;
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void declare_worker(request_context& call) {
  auto& here = call.here();
  boost::json::array properties;
  for (const auto& [name, value] : call.body().as_object())
    properties.emplace_back(name);
  boost::json::object values;
  values["properties"] = std::move(properties);
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  auto command = about_worker<troupe::declare_worker>(call);
  // The schema has checked that it is a date.
  command.expires = parse_date_time(text_member(call, "expires")).value_or(timestamp{});
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

}  // namespace troupe::handlers
