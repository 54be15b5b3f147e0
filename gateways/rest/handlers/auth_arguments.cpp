#include "gateways/rest/handlers/auth_arguments.hpp"

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace {

constexpr std::size_t most_scopes = 10'000;
constexpr std::size_t longest_scope = 4096;

std::string_view listing_of(auth_reading what) {
  switch (what) {
    case auth_reading::clients:
      return "listClients";
    case auth_reading::roles_page:
      return "listRoles2";
    case auth_reading::role_ids:
      return "listRoleIds";
    case auth_reading::entity_history:
      return "getEntityHistory";
    case auth_reading::client_history:
      return "listAuditHistory";
    default:
      return "";
  }
}

}  // namespace

std::optional<scope_list> scopes_member(request_context& call, std::string_view name) {
  const auto* body = call.body().if_object();
  const auto* value = body == nullptr ? nullptr : body->if_contains(name);
  if (value == nullptr || !value->is_array())
    return std::nullopt;
  scope_list scopes;
  scopes.reserve(value->get_array().size());
  for (const auto& entry : value->get_array())
    scopes.emplace_back(entry.as_string());
  return scopes;
}

outcome<void> check_new_scopes(const scope_list& scopes) {
  if (scopes.size() > most_scopes)
    return make_api_error(
        error_code::input_error,
        "There are " + std::to_string(scopes.size()) +
            " scopes, and at most 10000 can be given. Give roles that have them.");
  for (const auto& scope : scopes) {
    if (scope.ends_with("**"))
      return make_api_error(error_code::input_error, "scopes must not end with `**`");
    if (scope.size() > longest_scope)
      return make_api_error(error_code::input_error, "A scope has " + std::to_string(scope.size()) +
                                                         " characters, and may have at most 4096.");
  }
  return boost::system::in_place_value;
}

void read_one(request_context& call, read_auth question) {
  auto& here = call.here();
  question.reply = call.await_answer();
  here.board.tell(here.on, std::move(question));
}

void read_page(request_context& call, read_auth question) {
  auto& here = call.here();
  const auto arguments = question.kind + '/' + question.id;
  auto after = page_position(call, listing_of(question.what), arguments);
  const bool of_roles =
      question.what == auth_reading::roles_page || question.what == auth_reading::role_ids;
  if (!after)
    return call.fail(of_roles ? make_api_error(error_code::input_error, "Invalid continuationToken")
                              : std::move(after).error());
  question.after = std::move(*after);
  question.reply = call.await_page(arguments);
  here.board.tell(here.on, std::move(question));
}

}  // namespace troupe
