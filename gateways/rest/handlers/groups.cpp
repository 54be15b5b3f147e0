#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/page_tokens.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe::handlers {

void list_task_group(request_context& call) {
  auto& here = call.here();
  const std::string group{call.param("taskGroupId")};
  list_group command;
  command.group = task_group_id::parse(group).value_or(task_group_id{});
  command.limit = page_limit(call);
  if (const auto token = call.query("continuationToken")) {
    const auto position = here.tokens.read("listTaskGroup", group, *token);
    if (!position)
      return call.fail(position.error());
    command.after = task_id::parse(*position);
  }
  command.reply = call.await_page(group);
  here.board.tell(here.on, std::move(command));
}

}  // namespace troupe::handlers
