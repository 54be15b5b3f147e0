#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe::handlers {

void task_queue_counts(request_context& call) {
  auto& here = call.here();
  get_queue_counts command;
  command.queue.text = call.param("taskQueueId");
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

}  // namespace troupe::handlers
