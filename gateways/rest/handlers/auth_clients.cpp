// Clients, and what was done to them and by them (auth contract, sections 9 and 12).

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/auth_arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/auth_commands.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

namespace {

outcome<void> check_changeable(std::string_view client_id) {
  if (!client_id.starts_with("static/"))
    return boost::system::in_place_value;
  return make_api_error(
      error_code::input_error,
      "clientId \"" + std::string{client_id} +
          "\" starts with \"static/\" which is reserved for statically configured clients. Contact "
          "your administrator to change static clients.");
}

outcome<client_form> read_form(request_context& call) {
  TROUPE_CHECK(check_changeable(call.param("clientId")));
  client_form form;
  form.scopes = scopes_member(call, "scopes");
  if (form.scopes)
    TROUPE_CHECK(check_new_scopes(*form.scopes));
  form.description = text_member(call, "description");
  const auto expires = parse_date_time(text_member(call, "expires"));
  if (!expires)
    return make_api_error(error_code::input_error,
                          "'expires' is no date of the years 0 to 9999 as in 2030-01-31T12:00:00Z");
  form.expires = *expires;
  const auto* flag = call.body().as_object().if_contains("deleteOnExpiration");
  form.delete_on_expiration = flag != nullptr && flag->is_bool() && flag->get_bool();
  return form;
}

void change(request_context& call, client_action what, client_form form = {}) {
  auto& here = call.here();
  auto by = call.delegate_authorization();
  if (by == nullptr)
    return;
  change_client command{
      what, std::string{call.param("clientId")}, std::move(by), std::move(form), {}};
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

// Of those methods whose scopes are known from the path.
void change_if_changeable(request_context& call, client_action what) {
  if (auto checked = check_changeable(call.param("clientId")); !checked)
    return call.fail(std::move(checked).error());
  change(call, what);
}

}  // namespace

void list_clients(request_context& call) {
  const std::string prefix{call.query("prefix").value_or("")};
  read_page(call, {auth_reading::clients, prefix, {}, {}, page_limit(call), {}});
}

void client(request_context& call) {
  read_one(call, {auth_reading::client, std::string{call.param("clientId")}, {}, {}, 0, {}});
}

void create_client(request_context& call) {
  auto form = read_form(call);
  if (!form)
    return call.fail(std::move(form).error());
  const boost::json::value scopes = boost::json::value_from(form->scopes.value_or(scope_list{}));
  if (auto allowed = call.authorize(boost::json::object{{"scopes", scopes}}); !allowed)
    return call.fail(std::move(allowed).error());
  change(call, client_action::create, std::move(*form));
}

void update_client(request_context& call) {
  auto form = read_form(call);
  if (!form)
    return call.fail(std::move(form).error());
  change(call, client_action::update, std::move(*form));
}

void reset_access_token(request_context& call) { change_if_changeable(call, client_action::reset); }

void enable_client(request_context& call) { change_if_changeable(call, client_action::enable); }

void disable_client(request_context& call) { change_if_changeable(call, client_action::disable); }

void delete_client(request_context& call) { change_if_changeable(call, client_action::remove); }

void get_entity_history(request_context& call) {
  read_page(call, {auth_reading::entity_history,
                   std::string{call.param("entityId")},
                   std::string{call.param("entityType")},
                   {},
                   page_limit(call),
                   {}});
}

void list_audit_history(request_context& call) {
  read_page(call, {auth_reading::client_history,
                   std::string{call.param("clientId")},
                   {},
                   {},
                   page_limit(call),
                   {}});
}

}  // namespace troupe::handlers
