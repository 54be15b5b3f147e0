#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/timestamp.hpp"
#include "runtime/lane/switchboard.hpp"

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

}  // namespace

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

}  // namespace troupe::handlers
