// Scope expressions: templates, their values, and the two ways to check them, which must agree.

#include "messages/json_parser.hpp"
#include "runtime/scopes/expression.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <boost/json.hpp>

// The input is a JSON list: a template, an object of values, a list of scopes.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  namespace json = boost::json;
  boost::system::error_code failed;
  const auto input = parse_json(text_of(data, size), failed);
  if (failed || !input.is_array() || input.as_array().size() < 3)
    return 0;
  const auto& parts = input.as_array();
  const auto made = scope_template::parse(parts[0]);
  if (!made || !parts[1].is_object() || !parts[2].is_array())
    return 0;
  scope_list held;
  for (const auto& scope : parts[2].as_array())
    if (scope.is_string() && is_valid_scope(std::string_view{scope.as_string()}))
      held.emplace_back(scope.as_string());
  const scope_set have(held);
  const auto find = [&](std::string_view name) -> scope_value {
    return parts[1].as_object().if_contains(name);
  };
  std::string buffer;
  const auto quick = made->satisfied_by(have, find, buffer);
  const auto rendered = made->render(find);
  // The quick one need not look at what makes no difference any more.
  if (!rendered)
    return 0;
  TROUPE_HOLDS(quick.has_value());
  const bool slow = !*rendered || satisfies(have, **rendered);
  TROUPE_HOLDS(*quick == slow);
  if (!*rendered)
    return 0;
  const auto left = unsatisfied_part(have, **rendered);
  TROUPE_HOLDS(left.has_value() != slow);
  TROUPE_HOLDS(read_expression(to_json(**rendered)).has_value());
  to_text(**rendered);
  return 0;
}
