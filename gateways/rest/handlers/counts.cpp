#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe::handlers {

namespace {

void count(request_context& call, bool pending_only) {
  auto& here = call.here();
  get_queue_counts command;
  command.queue.text = call.param("taskQueueId");
  command.pending_only = pending_only;
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

template <class Command>
void list_runs(request_context& call, std::string_view method) {
  auto& here = call.here();
  Command command;
  command.queue.text = call.param("taskQueueId");
  command.limit = page_limit(call);
  command.after = cursor_position(call, method, command.queue.text).value_or("");
  command.reply = call.await_page(command.queue.text);
  here.board.tell(here.on, std::move(command));
}

}  // namespace

void task_queue_counts(request_context& call) { count(call, false); }

void pending_tasks(request_context& call) { count(call, true); }

void list_pending_tasks(request_context& call) {
  list_runs<troupe::list_pending_tasks>(call, "listPendingTasks");
}

void list_claimed_tasks(request_context& call) {
  list_runs<troupe::list_claimed_tasks>(call, "listClaimedTasks");
}

}  // namespace troupe::handlers
