#include "gateways/why/why_request.hpp"

#include "runtime/crypto/percent_code.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <vector>

namespace troupe {

namespace json = boost::json;

namespace {

api_error wrong(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

outcome<std::string> required_text(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    return wrong(quoted(name) +
                 R"( has to be a text; a question is {"service": "queue", "method": "createTask",)"
                 R"( "params": {...}, "query": {...}, "payload": {...}})");
  return std::string{value->get_string()};
}

// Clients take numbers for texts, too.
outcome<std::string> text_of(const json::value& value, std::string_view name) {
  if (value.is_string())
    return std::string{value.get_string()};
  if (value.is_int64() || value.is_uint64())
    return json::serialize(value);
  return wrong(quoted(name) + " has to be a string or a whole number");
}

// The values of the path in the order of the method; nothing for one that is left out.
using path_values = std::vector<std::optional<std::string>>;

outcome<path_values> read_params(const api_method& method, const json::value* given) {
  path_values values(method.params.size());
  if (given == nullptr)
    return values;
  if (const auto* list = given->if_array()) {
    if (list->size() > values.size())
      return wrong("'params' has " + std::to_string(list->size()) + " values, and the path " +
                   std::to_string(values.size()));
    for (std::size_t i = 0; i < list->size(); ++i) {
      TROUPE_TRY(values[i], text_of((*list)[i], method.params[i].name));
    }
    return values;
  }
  const auto* members = given->if_object();
  if (members == nullptr)
    return wrong("'params' has to be an object by name, or a list in the order of the path");
  for (const auto& [name, value] : *members) {
    const auto at = std::find_if(
        method.params.begin(), method.params.end(),
        [name = std::string_view{name}](const api_parameter& param) { return param.name == name; });
    if (at == method.params.end())
      return wrong(quoted(name) + " is no parameter of the path " + std::string{method.route});
    TROUPE_TRY(values[static_cast<std::size_t>(at - method.params.begin())], text_of(value, name));
  }
  return values;
}

// `/task/<taskId>/artifacts/<name*>` with its values.
outcome<std::string> path_of_call(const api_method& method, const path_values& values) {
  std::string path = "/api/" + std::string{method.service} + "/v1";
  std::size_t next = 0;
  for (auto route = method.route; !route.empty();) {
    const auto open = std::min(route.find('<'), route.size());
    path += route.substr(0, open);
    route.remove_prefix(open);
    if (route.empty())
      break;
    route.remove_prefix(route.find('>') + 1);
    const auto& param = method.params[next];
    const auto& value = values[next++];
    const bool may_be_empty = param.rest_of_path || param.optional;
    if ((!value && !param.optional) || (value && value->empty() && !may_be_empty))
      return wrong("the path of " + std::string{method.name} + " takes a " + quoted(param.name) +
                   " in 'params'");
    append_percent_encoded(path, value.value_or(std::string{}), false);
  }
  return path;
}

outcome<std::string> query_of_call(const json::value* given) {
  std::string query;
  if (given == nullptr)
    return query;
  const auto* members = given->if_object();
  if (members == nullptr)
    return wrong("'query' has to be an object by name");
  for (const auto& [name, value] : *members) {
    TROUPE_TRY(const auto text, text_of(value, name));
    query += query.empty() ? '?' : '&';
    append_percent_encoded(query, name, false);
    query += '=';
    append_percent_encoded(query, text, false);
  }
  return query;
}

outcome<void> read_subject(const json::object& from, why_request& into) {
  const auto* id = from.if_contains("clientId");
  const auto* scopes = from.if_contains("scopes");
  if (id != nullptr && scopes != nullptr)
    return wrong("give 'clientId' or 'scopes', not both; without either it is about yourself");
  if (id != nullptr) {
    TROUPE_TRY(into.client_id, required_text(from, "clientId"));
  }
  if (scopes == nullptr)
    return boost::system::in_place_value;
  const auto* list = scopes->if_array();
  into.scopes.emplace();
  if (list == nullptr)
    return wrong("'scopes' has to be a list of scopes");
  for (const auto& scope : *list) {
    if (!scope.is_string() || !is_valid_scope(scope.get_string()))
      return wrong("'scopes' has something that is no scope: " + json::serialize(scope));
    into.scopes->emplace_back(scope.get_string());
  }
  return boost::system::in_place_value;
}

outcome<void> check_members(const json::object& of) {
  constexpr std::array<std::string_view, 7> known{"service", "method",   "params", "query",
                                                  "payload", "clientId", "scopes"};
  for (const auto& [name, value] : of)
    if (std::find(known.begin(), known.end(), std::string_view{name}) == known.end())
      return wrong(quoted(name) +
                   " is no member of a question, which has service, method, params, query, "
                   "payload, and clientId or scopes");
  return boost::system::in_place_value;
}

}  // namespace

outcome<why_request> why_request::read(const json::value& body, const method_finder& find) {
  const auto* members = body.if_object();
  if (members == nullptr)
    return wrong("a question is an object");
  TROUPE_CHECK(check_members(*members));
  TROUPE_TRY(const auto service, required_text(*members, "service"));
  TROUPE_TRY(const auto name, required_text(*members, "method"));
  why_request made;
  made.method = find(service, name);
  if (made.method == nullptr)
    return make_api_error(error_code::resource_not_found,
                          "There is no method " + service + "." + name +
                              " here; /references/manifest.json leads to those that there are.");
  TROUPE_TRY(const auto values, read_params(*made.method, members->if_contains("params")));
  TROUPE_TRY(made.target, path_of_call(*made.method, values));
  TROUPE_TRY(const auto query, query_of_call(members->if_contains("query")));
  made.target += query;
  if (const auto* payload = members->if_contains("payload"))
    made.body = json::serialize(*payload);
  TROUPE_CHECK(read_subject(*members, made));
  return made;
}

}  // namespace troupe
