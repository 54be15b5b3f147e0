#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe::handlers {

namespace {

std::string param_text(const request_context& call, std::string_view name) {
  return std::string{call.param(name)};
}

void list(request_context& call, std::string_view method, queue_view as,
          std::optional<std::string> only) {
  auto& here = call.here();
  const auto arguments = only.value_or("");
  auto position = page_position(call, method, arguments);
  if (!position)
    return call.fail(std::move(position).error());
  list_queues command;
  command.lane = here.on.index();
  command.as = as;
  command.only = std::move(only);
  command.limit = page_limit(call);
  command.after = std::move(*position);
  command.reply = call.await_page(arguments);
  here.board.tell(here.on, std::move(command));
}

void show(request_context& call, queue_view as, std::string queue) {
  auto& here = call.here();
  here.board.tell(here.on, troupe::get_task_queue{{{std::move(queue)}}, as, call.await_answer()});
}

}  // namespace

void list_provisioners(request_context& call) {
  list(call, "listProvisioners", queue_view::provisioner, std::nullopt);
}

void get_provisioner(request_context& call) {
  auto& here = call.here();
  list_queues command;
  command.lane = here.on.index();
  command.as = queue_view::provisioner;
  command.only = param_text(call, "provisionerId");
  command.limit = 1;
  command.single = true;
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void list_task_queues(request_context& call) {
  list(call, "listTaskQueues", queue_view::task_queue, std::nullopt);
}

void get_task_queue(request_context& call) {
  show(call, queue_view::task_queue, param_text(call, "taskQueueId"));
}

void list_worker_types(request_context& call) {
  list(call, "listWorkerTypes", queue_view::worker_type, param_text(call, "provisionerId"));
}

void get_worker_type(request_context& call) {
  show(call, queue_view::worker_type,
       param_text(call, "provisionerId") + "/" + param_text(call, "workerType"));
}

}  // namespace troupe::handlers
