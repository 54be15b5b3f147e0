#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/handlers/lenient_date.hpp"
#include "messages/purge_commands.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

void purge_cache(request_context& call) {
  auto& here = call.here();
  if (auto allowed = call.authorize(call.body().as_object()); !allowed)
    return call.fail(std::move(allowed).error());
  here.board.tell(here.on, request_purge{std::string{call.param("workerPoolId")},
                                         text_member(call, "cacheName"), call.await_answer()});
}

void all_purge_requests(request_context& call) {
  auto& here = call.here();
  auto position = page_position(call, "allPurgeRequests", {});
  if (!position)
    return call.fail(std::move(position).error());
  list_purge_requests command;
  command.limit = page_limit(call);
  command.after = position->value_or("");
  command.reply = call.await_page({});
  here.board.tell(here.on, std::move(command));
}

void purge_requests(request_context& call) {
  auto& here = call.here();
  timestamp since;
  if (const auto text = call.query("since")) {
    const auto given = parse_lenient_date(*text);
    if (!given)
      return call.fail(make_api_error(error_code::invalid_request_arguments,
                                      "Query-string parameter: since=\"" + std::string{*text} +
                                          "\" is not valid, error: Invalid Date"));
    since = *given;
  }
  here.board.tell(here.on, find_purge_requests{std::string{call.param("workerPoolId")}, since,
                                               call.await_answer()});
}

}  // namespace troupe::handlers
