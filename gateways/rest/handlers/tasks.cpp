#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/handlers/task_intake.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

void create_task(request_context& call) {
  auto& here = call.here();
  auto& body = call.body().as_object();
  const auto limits = here.intake;
  if (auto prepared = prepare_task(body, limits); !prepared)
    return call.fail(std::move(prepared).error());
  const task_scope_values scope_values(body);
  if (auto allowed = call.authorize(scope_lookup{scope_values}); !allowed)
    return call.fail(std::move(allowed).error());
  const auto id = task_argument(call);
  auto definition = define_task(id, body, call.now(), limits);
  if (!definition)
    return call.fail(std::move(definition).error());
  here.board.tell(here.on, troupe::create_task{id, std::move(*definition), call.await_answer()});
}

void task(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on, get_task{task_argument(call), call.await_answer()});
}

void status(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on, get_status{task_argument(call), call.await_answer()});
}

namespace {

/// The methods whose scopes name what only the task knows.
template <class Command>
void tell_with_caller(request_context& call) {
  auto by = call.delegate_authorization();
  if (!by)
    return;
  auto& here = call.here();
  here.board.tell(here.on, Command{task_argument(call), std::move(by), call.await_answer()});
}

}  // namespace

void schedule_task(request_context& call) { tell_with_caller<troupe::schedule_task>(call); }

void rerun_task(request_context& call) { tell_with_caller<troupe::rerun_task>(call); }

void cancel_task(request_context& call) { tell_with_caller<troupe::cancel_task>(call); }

void change_task_priority(request_context& call) {
  auto& here = call.here();
  if (auto by = call.delegate_authorization())
    here.board.tell(here.on,
                    troupe::change_task_priority{task_argument(call), std::move(by),
                                                 priority_member(call), call.await_answer()});
}

void list_dependent_tasks(request_context& call) {
  auto& here = call.here();
  const std::string task{call.param("taskId")};
  auto after = page_start(call, "listDependentTasks", task);
  if (!after)
    return call.fail(std::move(after).error());
  list_dependents command;
  command.task = task_argument(call);
  command.limit = page_limit(call);
  command.after = *after;
  command.reply = call.await_page(task);
  here.board.tell(here.on, std::move(command));
}

}  // namespace troupe::handlers
