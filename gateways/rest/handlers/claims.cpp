#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

void claim_work(request_context& call) {
  auto& here = call.here();
  troupe::claim_work command;
  command.queue.text = call.param("taskQueueId");
  command.worker = {text_member(call, "workerGroup"), text_member(call, "workerId")};
  const auto values = [&command](std::string_view name) -> scope_value {
    if (name == "workerGroup")
      return std::string_view{command.worker.group};
    if (name == "workerId")
      return std::string_view{command.worker.id};
    return {};
  };
  if (auto allowed = call.authorize(scope_lookup{values}); !allowed)
    return call.fail(std::move(allowed).error());
  if (const auto* count = call.body().as_object().if_contains("tasks"))
    command.count = static_cast<std::uint32_t>(count->to_number<double>());
  command.reply = call.await_claim(command.queue.text);
  here.board.tell(here.on, std::move(command));
}

void claim_task(request_context& call) {
  auto& here = call.here();
  const auto run = run_argument(call);
  if (!run)
    return call.fail(run.error());
  // The scopes name the task's queue, so the task checks them.
  auto by = call.delegate_authorization();
  if (!by)
    return;
  troupe::claim_task command;
  command.task = task_argument(call);
  command.by = std::move(by);
  command.run = *run;
  command.worker = {text_member(call, "workerGroup"), text_member(call, "workerId")};
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void reclaim_task(request_context& call) {
  auto& here = call.here();
  const auto run = run_argument(call);
  if (!run)
    return call.fail(run.error());
  here.board.tell(here.on, reclaim_run{task_argument(call), *run, call.await_answer()});
}

}  // namespace troupe::handlers
