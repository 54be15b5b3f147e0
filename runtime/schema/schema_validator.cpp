// Values against nodes, in the words of the original's validator.

#include "runtime/schema/schema_node.hpp"

#include <algorithm>
#include <cmath>

namespace troupe {

namespace json = boost::json;
using node = schema::node;

namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string number_text(double value) {
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return std::to_string(static_cast<long long>(value));
  return json::serialize(json::value(value));
}

unsigned type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return node::null_type;
    case json::kind::bool_:
      return node::boolean_type;
    case json::kind::int64:
    case json::kind::uint64:
      return node::integer_type;
    case json::kind::double_: {
      const double number = value.get_double();
      return number == std::floor(number) ? node::integer_type : node::number_type;
    }
    case json::kind::string:
      return node::string_type;
    case json::kind::array:
      return node::array_type;
    case json::kind::object:
      break;
  }
  return node::object_type;
}

// One check of a value. Without a list of problems it ends at the first.
class checker {
 public:
  explicit checker(std::vector<std::string>* problems) : problems_(problems) {
    if (problems_ != nullptr)
      path_ = "data";
  }

  bool check(const node& rule, const json::value& value);

 private:
  bool check_object(const node& rule, const json::object& value);
  bool check_required(const node& rule, const json::object& value);
  bool check_member(const node& rule, const node::property* known, std::string_view name,
                    const json::value& value);
  bool check_array(const node& rule, const json::array& value);
  bool check_unique(const json::array& value);
  bool check_string(const node& rule, std::string_view value);
  bool check_number(const node& rule, double value);
  bool check_combinations(const node& rule, const json::value& value);
  bool check_below(const node& rule, std::string_view name, const json::value& value);

  // Whether the value agrees, without a word about it.
  static bool agrees(const node& rule, const json::value& value) {
    return checker{nullptr}.check(rule, value);
  }

  // Notes a problem; answers whether to go on with the other checks.
  bool fail(const std::string& text) {
    good_ = false;
    if (problems_ != nullptr)
      problems_->push_back(path_ + " " + text);
    return problems_ != nullptr;
  }

  std::vector<std::string>* problems_;
  std::string path_;
  bool good_ = true;
};

bool checker::check(const node& start, const json::value& value) {
  const auto* rule = &start;
  while (rule->reference != nullptr)
    rule = rule->reference;
  if (rule->always_false)
    return fail("boolean schema is false"), false;
  const auto type = type_of(value);
  if (rule->allowed_types != 0 && (rule->allowed_types & type) == 0)
    return fail("must be " + rule->type_text), false;
  bool more = true;
  if (type == node::object_type)
    more = check_object(*rule, value.get_object());
  else if (type == node::array_type)
    more = check_array(*rule, value.get_array());
  else if (type == node::string_type)
    more = check_string(*rule, value.get_string());
  else if (value.is_number())
    more = check_number(*rule, value.to_number<double>());
  if (more && !rule->one_of_values.empty() &&
      std::find(rule->one_of_values.begin(), rule->one_of_values.end(), value) ==
          rule->one_of_values.end())
    more = fail("must be equal to one of the allowed values");
  if (more && rule->constant && *rule->constant != value)
    more = fail("must be equal to constant");
  if (more)
    check_combinations(*rule, value);
  return good_;
}

bool checker::check_below(const node& rule, std::string_view name, const json::value& value) {
  if (problems_ == nullptr) {
    check(rule, value);
    return good_;
  }
  const auto length = path_.size();
  path_ += '/';
  path_ += name;
  check(rule, value);
  path_.resize(length);
  return true;
}

bool checker::check_required(const node& rule, const json::object& value) {
  for (const auto& name : rule.required)
    if (!value.contains(name) && !fail("must have required property '" + name + "'"))
      return false;
  return true;
}

bool checker::check_object(const node& rule, const json::object& value) {
  // Who only wants to know whether all is there counts it by the way.
  const bool counts = problems_ == nullptr && rule.required_are_properties;
  if (!counts && !check_required(rule, value))
    return false;
  if (value.size() < rule.least_properties &&
      !fail("must NOT have fewer than " + std::to_string(rule.least_properties) + " properties"))
    return false;
  if (value.size() > rule.most_properties &&
      !fail("must NOT have more than " + std::to_string(rule.most_properties) + " properties"))
    return false;
  for (const auto& [name, needed] : rule.dependencies)
    if (value.contains(name))
      for (const auto& other : needed)
        if (!value.contains(other) &&
            !fail("must have property " + other + " when property " + name + " is present"))
          return false;
  std::size_t required = 0;
  for (const auto& member : value) {
    const auto* known = rule.find(member.key());
    required += known != nullptr && known->required ? 1 : 0;
    if (!check_member(rule, known, member.key(), member.value()))
      return false;
  }
  return !counts || required == rule.required.size() || fail({});
}

bool checker::check_member(const node& rule, const node::property* known, std::string_view name,
                           const json::value& value) {
  if (rule.property_names != nullptr && !agrees(*rule.property_names, json::value(name)) &&
      !fail("property name must be valid"))
    return false;
  bool matched = known != nullptr;
  if (known != nullptr && !check_below(*known->schema, name, value))
    return false;
  for (const auto& entry : rule.pattern_properties)
    if (entry.pattern.matches(name)) {
      matched = true;
      if (!check_below(*entry.schema, name, value))
        return false;
    }
  if (matched)
    return true;
  if (!rule.additional_allowed)
    return fail("must NOT have additional properties: \"" + std::string{name} + "\"");
  return rule.additional == nullptr || check_below(*rule.additional, name, value);
}

bool checker::check_unique(const json::array& value) {
  // Long lists are lists of texts: sorted, equal ones stand together.
  const bool texts = std::all_of(value.begin(), value.end(),
                                 [](const json::value& entry) { return entry.is_string(); });
  if (texts && value.size() > 16) {
    std::vector<std::pair<std::string_view, std::size_t>> sorted;
    for (std::size_t i = 0; i < value.size(); ++i)
      sorted.emplace_back(value[i].get_string(), i);
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i].first == sorted[i - 1].first)
        return fail("must NOT have duplicate items (items ## " + std::to_string(sorted[i].second) +
                    " and " + std::to_string(sorted[i - 1].second) + " are identical)");
    return true;
  }
  for (std::size_t i = 1; i < value.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (value[i] == value[j])
        return fail("must NOT have duplicate items (items ## " + std::to_string(i) + " and " +
                    std::to_string(j) + " are identical)");
  return true;
}

bool checker::check_array(const node& rule, const json::array& value) {
  if (value.size() < rule.least_items &&
      !fail("must NOT have fewer than " + std::to_string(rule.least_items) + " items"))
    return false;
  if (value.size() > rule.most_items &&
      !fail("must NOT have more than " + std::to_string(rule.most_items) + " items"))
    return false;
  if (rule.unique_items && !check_unique(value))
    return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto* entry = i < rule.tuple.size() ? rule.tuple[i] : rule.items;
    if (entry == nullptr)
      continue;
    if (problems_ == nullptr) {
      if (!check(*entry, value[i]))
        return false;
    } else {
      check_below(*entry, std::to_string(i), value[i]);
    }
  }
  return true;
}

bool checker::check_string(const node& rule, std::string_view value) {
  // Counting characters is needed only near the limits: bytes are never fewer.
  if (value.size() > rule.most_length && code_points(value) > rule.most_length &&
      !fail("must NOT have more than " + std::to_string(rule.most_length) + " characters"))
    return false;
  if (rule.least_length > 0 && code_points(value) < rule.least_length &&
      !fail("must NOT have fewer than " + std::to_string(rule.least_length) + " characters"))
    return false;
  if (rule.pattern && !rule.pattern->matches(value) &&
      !fail("must match pattern \"" + rule.pattern->source() + "\""))
    return false;
  if (rule.format != text_format::none && !has_format(rule.format, value))
    return fail("must match format \"" + rule.format_name + "\"");
  return true;
}

bool checker::check_number(const node& rule, double value) {
  if (rule.minimum && value < *rule.minimum && !fail("must be >= " + number_text(*rule.minimum)))
    return false;
  if (rule.maximum && value > *rule.maximum && !fail("must be <= " + number_text(*rule.maximum)))
    return false;
  if (rule.above && value <= *rule.above && !fail("must be > " + number_text(*rule.above)))
    return false;
  if (rule.below && value >= *rule.below && !fail("must be < " + number_text(*rule.below)))
    return false;
  if (rule.multiple_of && std::fmod(value, *rule.multiple_of) != 0)
    return fail("must be multiple of " + number_text(*rule.multiple_of));
  return true;
}

bool checker::check_combinations(const node& rule, const json::value& value) {
  for (const auto* part : rule.all_of)
    if (!check(*part, value) && problems_ == nullptr)
      return false;
  auto holds = [&value](const node* part) { return agrees(*part, value); };
  if (!rule.any_of.empty() && std::none_of(rule.any_of.begin(), rule.any_of.end(), holds)) {
    if (problems_ != nullptr)
      for (const auto* part : rule.any_of)
        check(*part, value);
    fail("must match a schema in anyOf");
  }
  if (!rule.one_of.empty() && std::count_if(rule.one_of.begin(), rule.one_of.end(), holds) != 1) {
    if (problems_ != nullptr && std::none_of(rule.one_of.begin(), rule.one_of.end(), holds))
      for (const auto* part : rule.one_of)
        check(*part, value);
    fail("must match exactly one schema in oneOf");
  }
  if (rule.none_of != nullptr && holds(rule.none_of))
    fail("must NOT be valid");
  if (rule.condition != nullptr) {
    const auto* branch = holds(rule.condition) ? rule.then_part : rule.else_part;
    if (branch != nullptr)
      check(*branch, value);
  }
  return good_;
}

void fill(const node& start, json::value& value) {
  const auto* rule = &start;
  while (rule->reference != nullptr)
    rule = rule->reference;
  if (!rule->has_defaults)
    return;
  if (value.is_object()) {
    auto& object = value.get_object();
    for (const auto number : rule->filling) {
      const auto& entry = rule->properties[number];
      auto* member = object.if_contains(entry.name);
      if (member == nullptr && entry.value_when_missing)
        object.emplace(entry.name, *entry.value_when_missing);
      else if (member != nullptr && entry.schema->has_defaults)
        fill(*entry.schema, *member);
    }
  } else if (value.is_array() && rule->items != nullptr) {
    for (auto& entry : value.get_array())
      fill(*rule->items, entry);
  }
  for (const auto* part : rule->all_of)
    fill(*part, value);
}

}  // namespace

void schema::apply_defaults(json::value& value) const { fill(*root_, value); }

bool schema::validate(const json::value& value, std::vector<std::string>* problems) const {
  // Nearly every value is good, and to know that costs less than to say what is not.
  if (checker{nullptr}.check(*root_, value))
    return true;
  if (problems != nullptr)
    checker{problems}.check(*root_, value);
  return false;
}

std::string validation_message(std::string_view root_url, const schema& rejecting,
                               const std::vector<std::string>& problems) {
  std::string out = "\nSchema Validation Failed!\nRejecting Schema: ";
  out += root_url;
  out += '/';
  out += rejecting.id();
  out += ".json#\nErrors:";
  for (const auto& problem : problems)
    out += "\n  * " + problem;
  return out;
}

}  // namespace troupe
