// Roles (auth contract, section 10).

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/auth_arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/auth_commands.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

namespace {

// Without a limit, or with none to speak of, a listing of roles has all of them.
std::uint32_t role_limit(const request_context& call) {
  const auto limit = call.query("limit");
  const bool all = !limit || limit->find_first_not_of('0') == std::string_view::npos;
  return all ? 0 : page_limit(call);
}

void change(request_context& call, role_action what, scope_list scopes = {}) {
  auto& here = call.here();
  auto by = call.delegate_authorization();
  if (by == nullptr)
    return;
  change_role command{what,
                      std::string{call.param("roleId")},
                      std::move(by),
                      std::move(scopes),
                      text_member(call, "description"),
                      {}};
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

}  // namespace

void list_roles(request_context& call) { read_one(call, {auth_reading::roles, {}, {}, {}, 0, {}}); }

void list_roles2(request_context& call) {
  read_page(call, {auth_reading::roles_page, {}, {}, {}, role_limit(call), {}});
}

void list_role_ids(request_context& call) {
  read_page(call, {auth_reading::role_ids, {}, {}, {}, role_limit(call), {}});
}

void role(request_context& call) {
  read_one(call, {auth_reading::role, std::string{call.param("roleId")}, {}, {}, 0, {}});
}

void create_role(request_context& call) {
  auto scopes = scopes_member(call, "scopes").value_or(scope_list{});
  if (auto checked = check_new_scopes(scopes); !checked)
    return call.fail(std::move(checked).error());
  const boost::json::object values{{"scopes", boost::json::value_from(scopes)}};
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  change(call, role_action::create, std::move(scopes));
}

void update_role(request_context& call) {
  auto scopes = scopes_member(call, "scopes").value_or(scope_list{});
  if (auto checked = check_new_scopes(scopes); !checked)
    return call.fail(std::move(checked).error());
  change(call, role_action::update, std::move(scopes));
}

void delete_role(request_context& call) { change(call, role_action::remove); }

}  // namespace troupe::handlers
