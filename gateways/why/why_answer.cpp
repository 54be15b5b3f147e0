#include "gateways/why/why_answer.hpp"

#include "runtime/scopes/role_index.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <tuple>

namespace troupe {

namespace json = boost::json;

namespace {

void gather(const scope_expression& from, scope_list& into) {
  if (from.what == scope_expression::kind::scope)
    into.push_back(from.scope);
  for (const auto& part : from.parts)
    gather(part, into);
}

// The scopes that an expression names, each once, in order.
scope_list scopes_of(const scope_expression& expression) {
  scope_list all;
  gather(expression, all);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

json::array as_json(const scope_list& scopes) {
  json::array list;
  for (const auto& scope : scopes)
    list.emplace_back(scope);
  return list;
}

void add_roles(json::object& answer, const role_expander& roles, const scope_expression& missing) {
  const auto granting = roles_that_grant(roles, missing);
  json::array told;
  for (const auto& one : granting) {
    if (told.size() == most_roles_told)
      break;
    told.push_back(
        {{"roleId", one.role_id}, {"complete", one.complete}, {"grants", as_json(one.grants)}});
  }
  answer["roles"] = std::move(told);
  if (granting.size() > most_roles_told)
    answer["moreRoles"] = granting.size() - most_roles_told;
}

}  // namespace

std::vector<granting_role> roles_that_grant(const role_expander& roles,
                                            const scope_expression& missing) {
  const auto wanted = scopes_of(missing);
  std::vector<granting_role> found;
  roles.index().each([&](const detail::indexed_role& role) {
    const scope_set gives{roles.expand({role.name})};
    granting_role one{std::string{role.role_id()}, {}};
    for (const auto& scope : wanted)
      if (gives.satisfies(scope))
        one.grants.push_back(scope);
    if (one.grants.empty())
      return;
    one.complete = satisfies(gives, missing);
    found.push_back(std::move(one));
  });
  std::sort(found.begin(), found.end(), [](const granting_role& a, const granting_role& b) {
    return std::tuple{!a.complete, b.grants.size(), a.role_id} <
           std::tuple{!b.complete, a.grants.size(), b.role_id};
  });
  return found;
}

std::string why_answer(const why_findings& found) {
  json::object answer{{"service", found.method.service}, {"method", found.method.name}};
  if (!found.client_id.empty())
    answer["clientId"] = found.client_id;
  answer["public"] = !found.needed.has_value();
  answer["satisfied"] = found.satisfied;
  if (!found.trouble.empty())
    answer["trouble"] = found.trouble;
  if (found.needed) {
    answer["needed"] = to_json(*found.needed);
    scope_list held;
    for (const auto& scope : scopes_of(*found.needed))
      if (found.have->satisfies(scope))
        held.push_back(scope);
    answer["held"] = as_json(held);
    if (const auto missing = unsatisfied_part(*found.have, *found.needed)) {
      answer["missing"] = to_json(*missing);
      if (found.roles != nullptr)
        add_roles(answer, *found.roles, *missing);
    }
  }
  return json::serialize(answer);
}

}  // namespace troupe
