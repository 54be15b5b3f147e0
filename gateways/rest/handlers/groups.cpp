#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe::handlers {

void list_task_group(request_context& call) {
  auto& here = call.here();
  const std::string group{call.param("taskGroupId")};
  auto after = page_start(call, "listTaskGroup", group);
  if (!after)
    return call.fail(std::move(after).error());
  list_group command;
  command.group = group_argument(call);
  command.limit = page_limit(call);
  command.after = *after;
  command.reply = call.await_page(group);
  here.board.tell(here.on, std::move(command));
}

void get_task_group(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on, get_group{group_argument(call), call.await_answer()});
}

void seal_task_group(request_context& call) {
  auto& here = call.here();
  if (auto by = call.delegate_authorization())
    here.board.tell(here.on, seal_group{group_argument(call), std::move(by), call.await_answer()});
}

void cancel_task_group(request_context& call) {
  auto& here = call.here();
  if (auto by = call.delegate_authorization())
    here.board.tell(here.on,
                    cancel_group{group_argument(call), std::move(by), call.await_answer()});
}

void change_task_group_priority(request_context& call) {
  auto& here = call.here();
  if (auto by = call.delegate_authorization())
    here.board.tell(here.on, change_group_priority{group_argument(call), std::move(by),
                                                   priority_member(call), call.await_answer()});
}

}  // namespace troupe::handlers
