#include "runtime/scopes/expression.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

using kind = scope_expression::kind;

void indent(std::string& out, int depth) {
  out += '\n';
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

// JSON as JavaScript prints it with an indent of two.
void print(std::string& out, const json::value& value, int depth) {
  if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!first)
        out += ',';
      first = false;
      indent(out, depth + 1);
      out += json::serialize(json::value(member.key()));
      out += ": ";
      print(out, member.value(), depth + 1);
    }
    indent(out, depth);
    out += '}';
  } else if (value.is_array() && !value.get_array().empty()) {
    out += '[';
    bool first = true;
    for (const auto& entry : value.get_array()) {
      if (!first)
        out += ',';
      first = false;
      indent(out, depth + 1);
      print(out, entry, depth + 1);
    }
    indent(out, depth);
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

void collect(const scope_set& have, const scope_expression& required, scope_list& out) {
  switch (required.what) {
    case kind::scope:
      if (have.satisfies(required.scope))
        out.push_back(required.scope);
      return;
    case kind::all_of:
    case kind::any_of:
      for (const auto& part : required.parts)
        if (satisfies(have, part))
          collect(have, part, out);
  }
}

}  // namespace

bool satisfies(const scope_set& have, const scope_expression& required) {
  auto holds = [&have](const scope_expression& part) { return satisfies(have, part); };
  switch (required.what) {
    case kind::scope:
      return have.satisfies(required.scope);
    case kind::all_of:
      return std::all_of(required.parts.begin(), required.parts.end(), holds);
    case kind::any_of:
      return std::any_of(required.parts.begin(), required.parts.end(), holds);
  }
  return false;
}

std::optional<scope_expression> unsatisfied_part(const scope_set& have,
                                                 const scope_expression& required) {
  if (satisfies(have, required))
    return std::nullopt;
  if (required.what == kind::scope)
    return required;
  scope_expression left{required.what, {}, {}};
  for (const auto& part : required.parts)
    if (auto rest = unsatisfied_part(have, part))
      left.parts.push_back(std::move(*rest));
  if (left.parts.size() == 1)
    return std::move(left.parts.front());
  return left;
}

scope_list satisfying_scopes(const scope_set& have, const scope_expression& required) {
  scope_list out;
  if (satisfies(have, required))
    collect(have, required, out);
  return normalise(std::move(out));
}

json::value to_json(const scope_expression& expression) {
  if (expression.what == kind::scope)
    return json::value(expression.scope);
  json::array parts;
  for (const auto& part : expression.parts)
    parts.push_back(to_json(part));
  json::object object;
  object[expression.what == kind::all_of ? "AllOf" : "AnyOf"] = std::move(parts);
  return object;
}

std::string to_text(const scope_expression& expression) {
  if (expression.what == kind::scope)
    return expression.scope;
  std::string out;
  print(out, to_json(expression), 0);
  return out;
}

std::optional<scope_expression> read_expression(const json::value& value) {
  if (value.is_string())
    return scope_expression::one(std::string{value.get_string()});
  if (!value.is_object() || value.get_object().size() != 1)
    return std::nullopt;
  const auto& member = *value.get_object().begin();
  if ((member.key() != "AllOf" && member.key() != "AnyOf") || !member.value().is_array())
    return std::nullopt;
  scope_expression result{member.key() == "AllOf" ? kind::all_of : kind::any_of, {}, {}};
  for (const auto& entry : member.value().get_array()) {
    auto part = read_expression(entry);
    if (!part)
      return std::nullopt;
    result.parts.push_back(std::move(*part));
  }
  return result;
}

api_error insufficient_scopes(const scope_set& have, const scope_expression& required,
                              std::string_view client_id, bool authenticated) {
  const auto wanted = to_text(required);
  if (!authenticated)
    return make_api_error(error_code::insufficient_scopes,
                          "This request requires Taskcluster credentials that satisfy the "
                          "following scope expression:\n\n```\n" +
                              wanted + "\n```");
  const auto missing = unsatisfied_part(have, required);
  return make_api_error(
      error_code::insufficient_scopes,
      "Client ID " + std::string{client_id} +
          " does not have sufficient scopes and is missing the following scopes:\n\n```\n" +
          (missing ? to_text(*missing) : std::string{}) +
          "\n```\n\nThis request requires the client to satisfy the following scope "
          "expression:\n\n```\n" +
          wanted + "\n```");
}

}  // namespace troupe
