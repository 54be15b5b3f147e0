#include "runtime/scopes/demand.hpp"

#include <boost/json/object.hpp>

namespace troupe {

namespace {

// No name of a placeholder: messages do not show it.
constexpr std::string_view asked_member = "askedExpression";

}  // namespace

outcome<void> demand_scopes(const caller& by, const scope_expression& required) {
  if (!by.only_asks && satisfies(*by.scopes, required))
    return boost::system::in_place_value;
  auto refusal = insufficient_scopes(*by.scopes, required, by.client_id, by.authenticated);
  if (by.only_asks)
    refusal.details[asked_member] = to_json(required);
  return refusal;
}

std::optional<scope_expression> asked_expression(const api_error& error) {
  const auto* carried = error.details.if_contains(asked_member);
  return carried == nullptr ? std::nullopt : read_expression(*carried);
}

}  // namespace troupe
