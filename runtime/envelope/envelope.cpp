#include "runtime/envelope/envelope.hpp"

#include "messages/json_text.hpp"
#include "runtime/schema/pattern.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>

namespace troupe {

namespace json = boost::json;

namespace {

void print_indented(std::string& out, const json::value& value, std::size_t depth) {
  auto line = [&out](std::size_t by) {
    out += '\n';
    out.append(by * 2, ' ');
  };
  if (value.is_array() && !value.get_array().empty()) {
    out += '[';
    bool first = true;
    for (const auto& entry : value.get_array()) {
      if (!std::exchange(first, false))
        out += ',';
      line(depth + 1);
      print_indented(out, entry, depth + 1);
    }
    line(depth);
    out += ']';
  } else if (value.is_object() && !value.get_object().empty()) {
    out += '{';
    bool first = true;
    for (const auto& member : value.get_object()) {
      if (!std::exchange(first, false))
        out += ',';
      line(depth + 1);
      append_json_string(out, member.key());
      out += ": ";
      print_indented(out, member.value(), depth + 1);
    }
    line(depth);
    out += '}';
  } else {
    out += json::serialize(value);
  }
}

// Patterns of the tables, compiled once per thread: the tables are fixed and few.
const text_pattern& compiled(std::string_view expression) {
  thread_local std::map<std::string_view, text_pattern> known;
  const auto found = known.find(expression);
  if (found != known.end())
    return found->second;
  return known.emplace(expression, text_pattern{expression}).first->second;
}

api_error bad_request(std::string text) {
  return make_api_error(error_code::invalid_request_arguments, std::move(text));
}

}  // namespace

std::string fill_message(const api_error& error) {
  if (error.details.empty())
    return error.message;
  std::string out;
  std::string_view rest = error.message;
  for (;;) {
    const auto open = rest.find("{{");
    const auto close = open == std::string_view::npos ? open : rest.find("}}", open);
    if (close == std::string_view::npos)
      return out + std::string{rest};
    out += rest.substr(0, open);
    const auto key = rest.substr(open + 2, close - open - 2);
    if (const auto* value = error.details.if_contains(key)) {
      if (value->is_string())
        out += std::string_view{value->get_string()};
      else
        print_indented(out, *value, 0);
    } else {
      out += rest.substr(open, close + 2 - open);
    }
    rest.remove_prefix(close + 2);
  }
}

std::string render_error(const api_error& error, const request_info& request) {
  const auto time = to_iso(request.time);
  const std::string code{code_name(error.code)};
  auto message = fill_message(error);
  message += "\n\n---\n\n* method:     ";
  message += request.method;
  message += "\n* errorCode:  " + code +
             "\n* statusCode: " + std::to_string(http_status(error.code)) +
             "\n* time:       " + time;
  std::string out = "{\"code\":\"" + code + "\",\"message\":";
  append_json_string(out, message);
  out += ",\"requestInfo\":{\"method\":";
  append_json_string(out, request.method);
  out += ",\"params\":{";
  for (std::size_t i = 0; i < request.params.size() && i < request.values.size(); ++i) {
    if (i > 0)
      out += ',';
    append_json_string(out, request.params[i].name);
    out += ':';
    append_json_string(out, request.values[i]);
  }
  out += "},\"payload\":";
  out += request.payload != nullptr ? json::serialize(*request.payload)
                                    : std::string{request.raw_payload};
  out += ",\"time\":\"" + time + "\"}}";
  return out;
}

std::optional<api_error> check_params(const api_method& method,
                                      std::span<const std::string> values) {
  std::string problems;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto& param = method.params[i];
    if (param.pattern.empty() || (param.optional && values[i].empty()) ||
        compiled(param.pattern).matches(values[i]))
      continue;
    problems += "\nURL parameter '" + std::string{param.name} + "' given as '" + values[i] +
                "' must match regular expression: '/" + std::string{param.pattern} + "/'";
  }
  if (problems.empty())
    return std::nullopt;
  return bad_request("Invalid URL patterns:" + problems);
}

std::optional<api_error> check_query(const api_method& method, const query_pairs& query) {
  std::vector<std::string> problems;
  std::vector<std::string_view> seen;
  for (const auto& [key, value] : query) {
    if (key == "bewit")
      continue;
    const auto known = std::find_if(method.query.begin(), method.query.end(),
                                    [&key = key](const api_query& q) { return q.name == key; });
    if (known == method.query.end())
      problems.push_back("Query-string parameter: " + key + " is not supported!");
    else if (std::find(seen.begin(), seen.end(), key) != seen.end())
      problems.push_back("Query-string parameter: " + key + " must be a string!");
    else if (!compiled(known->pattern).matches(value))
      problems.push_back("Query-string parameter: " + key + "=\"" + value +
                         "\" does not match expression: /" + std::string{known->pattern} + "/");
    seen.push_back(key);
  }
  if (problems.empty())
    return std::nullopt;
  std::string text;
  for (const auto& problem : problems)
    text += (text.empty() ? "" : "\n") + problem;
  return bad_request(std::move(text));
}

}  // namespace troupe
