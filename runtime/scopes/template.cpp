// Templates of scope expressions, and how values come into them.

#include "runtime/scopes/expression.hpp"
#include "runtime/scopes/number_text.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

struct scope_template::node {
  enum class kind : std::uint8_t { text, all_of, any_of, loop, condition };

  // A text is cut into literal pieces and parameters, which take turns beginning with a literal.
  struct piece {
    std::string text;
    bool is_parameter = false;
  };

  kind what = kind::text;
  std::vector<piece> pieces;
  std::string variable;                            // of a loop
  std::string parameter;                           // list of a loop, flag of a condition
  std::vector<std::shared_ptr<const node>> parts;  // of a condition: then, and perhaps else
};

namespace {

using node = scope_template::node;
using node_ptr = std::shared_ptr<const node>;

api_error wrong(std::string text) {
  return make_api_error(error_code::internal_server_error, std::move(text));
}

bool is_name(std::string_view text) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !letter(text.front()))
    return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

std::vector<node::piece> cut(std::string_view text) {
  std::vector<node::piece> pieces;
  std::string literal;
  for (std::size_t i = 0; i < text.size();) {
    const auto end = text[i] == '<' ? text.find('>', i) : std::string_view::npos;
    if (end != std::string_view::npos && is_name(text.substr(i + 1, end - i - 1))) {
      pieces.push_back({std::exchange(literal, {}), false});
      pieces.push_back({std::string{text.substr(i + 1, end - i - 1)}, true});
      i = end + 1;
    } else {
      literal += text[i++];
    }
  }
  pieces.push_back({std::move(literal), false});
  return pieces;
}

outcome<node_ptr> parse_node(const json::value& value, bool in_list);

outcome<node_ptr> parse_list(const json::object& object, node::kind what, std::string_view key) {
  const auto& entries = object.at(key);
  if (object.size() != 1 || !entries.is_array())
    return wrong("a scope template's " + std::string{key} + " must be the only member and a list");
  auto result = std::make_shared<node>();
  result->what = what;
  for (const auto& entry : entries.get_array()) {
    TROUPE_TRY(auto part, parse_node(entry, true));
    result->parts.push_back(std::move(part));
  }
  return node_ptr{result};
}

outcome<node_ptr> parse_loop(const json::object& object) {
  const auto* each = object.if_contains("each");
  const auto* list = object.if_contains("in");
  const auto& variable = object.at("for");
  if (object.size() != 3 || !each || !list || !each->is_string() || !list->is_string() ||
      !variable.is_string() || !is_name(variable.get_string()) || !is_name(list->get_string()))
    return wrong("a scope template's loop has the members for, in and each, all strings");
  auto result = std::make_shared<node>();
  result->what = node::kind::loop;
  result->variable = variable.get_string();
  result->parameter = list->get_string();
  result->pieces = cut(each->get_string());
  return node_ptr{result};
}

outcome<node_ptr> parse_condition(const json::object& object) {
  const auto* then = object.if_contains("then");
  const auto* otherwise = object.if_contains("else");
  const auto& flag = object.at("if");
  if (!then || !flag.is_string() || !is_name(flag.get_string()) ||
      object.size() != (otherwise ? 3u : 2u))
    return wrong("a scope template's condition has the members if, then and perhaps else");
  auto result = std::make_shared<node>();
  result->what = node::kind::condition;
  result->parameter = flag.get_string();
  TROUPE_TRY(auto first, parse_node(*then, false));
  result->parts.push_back(std::move(first));
  if (otherwise) {
    TROUPE_TRY(auto second, parse_node(*otherwise, false));
    result->parts.push_back(std::move(second));
  }
  return node_ptr{result};
}

outcome<node_ptr> parse_node(const json::value& value, bool in_list) {
  if (value.is_string()) {
    auto result = std::make_shared<node>();
    result->pieces = cut(value.get_string());
    return node_ptr{result};
  }
  if (value.is_object()) {
    const auto& object = value.get_object();
    if (object.contains("AllOf"))
      return parse_list(object, node::kind::all_of, "AllOf");
    if (object.contains("AnyOf"))
      return parse_list(object, node::kind::any_of, "AnyOf");
    if (object.contains("if"))
      return parse_condition(object);
    if (in_list && object.contains("for"))
      return parse_loop(object);
  }
  return wrong("a scope template is a string, AllOf, AnyOf or if, not " + json::serialize(value));
}

outcome<void> note(std::vector<scope_template::parameter>& into, const std::string& name,
                   bool is_text) {
  for (const auto& known : into)
    if (known.name == name) {
      if (known.is_text != is_text)
        return wrong("a scope template uses '" + name + "' with two types");
      return boost::system::in_place_value;
    }
  into.push_back({name, is_text});
  return boost::system::in_place_value;
}

outcome<void> find_parameters(const node& of, std::vector<scope_template::parameter>& into) {
  if (!of.parameter.empty())
    TROUPE_CHECK(note(into, of.parameter, false));
  for (const auto& piece : of.pieces)
    if (piece.is_parameter && (of.what != node::kind::loop || piece.text != of.variable))
      TROUPE_CHECK(note(into, piece.text, true));
  for (const auto& part : of.parts)
    TROUPE_CHECK(find_parameters(*part, into));
  return boost::system::in_place_value;
}

api_error unexpected(std::string_view name, std::string_view type) {
  return wrong("Scope expression template expected parameter '" + std::string{name} + "' to be a " +
               std::string{type});
}

bool append_value(std::string& out, const scope_value& value) {
  if (value.is_text)
    out += value.text;
  else if (value.json != nullptr && value.json->is_string())
    out += std::string_view{value.json->get_string()};
  else
    return value.json != nullptr && append_number_text(out, *value.json);
  return true;
}

outcome<void> write_text(std::string& out, const std::vector<node::piece>& pieces,
                         scope_lookup values) {
  for (const auto& piece : pieces) {
    if (!piece.is_parameter)
      out += piece.text;
    else if (!append_value(out, values(piece.text)))
      return unexpected(piece.text, "string or number");
  }
  return boost::system::in_place_value;
}

outcome<const json::array*> list_of(const node& loop, scope_lookup values) {
  const auto value = values(loop.parameter);
  if (value.json == nullptr || !value.json->is_array())
    return unexpected(loop.parameter, "array");
  return &value.json->get_array();
}

// The branch of a condition that counts; null when none does.
outcome<const node*> branch_of(const node& condition, scope_lookup values) {
  const auto flag = values(condition.parameter);
  if (flag.json == nullptr || !flag.json->is_bool())
    return unexpected(condition.parameter, "boolean");
  if (flag.json->get_bool())
    return condition.parts[0].get();
  return condition.parts.size() == 2 ? condition.parts[1].get() : nullptr;
}

// Writes the text of each round of a loop. What does not change from round to round is looked up
// once: a task of the lowest priority may be created by seven scopes that differ in one word.
class loop_rounds {
 public:
  loop_rounds(const node& loop, scope_lookup values) : loop_(loop) {
    values_.reserve(loop.pieces.size());
    for (const auto& piece : loop.pieces)
      values_.push_back(is_fixed(piece) ? values(piece.text) : scope_value{});
  }

  outcome<void> write(std::string& out, const json::value& entry) const {
    for (std::size_t i = 0; i < loop_.pieces.size(); ++i) {
      const auto& piece = loop_.pieces[i];
      if (!piece.is_parameter)
        out += piece.text;
      else if (!append_value(out, is_fixed(piece) ? values_[i] : scope_value{&entry}))
        return unexpected(piece.text, "string or number");
    }
    return boost::system::in_place_value;
  }

 private:
  bool is_fixed(const node::piece& piece) const {
    return piece.is_parameter && piece.text != loop_.variable;
  }

  const node& loop_;
  std::vector<scope_value> values_;
};

// -- rendering ------------------------------------------------------------------------------------

outcome<std::optional<scope_expression>> render_node(const node& of, scope_lookup values);

outcome<void> render_loop(const node& of, scope_lookup values,
                          std::vector<scope_expression>& into) {
  TROUPE_TRY(const auto* list, list_of(of, values));
  const loop_rounds rounds(of, values);
  for (const auto& entry : *list) {
    std::string text;
    TROUPE_CHECK(rounds.write(text, entry));
    into.push_back(scope_expression::one(std::move(text)));
  }
  return boost::system::in_place_value;
}

outcome<std::optional<scope_expression>> render_list(const node& of, scope_lookup values) {
  std::vector<scope_expression> parts;
  for (const auto& part : of.parts) {
    if (part->what == node::kind::loop) {
      TROUPE_CHECK(render_loop(*part, values, parts));
      continue;
    }
    TROUPE_TRY(auto rendered, render_node(*part, values));
    if (rendered)
      parts.push_back(std::move(*rendered));
  }
  return std::optional{of.what == node::kind::all_of ? scope_expression::all(std::move(parts))
                                                     : scope_expression::any(std::move(parts))};
}

outcome<std::optional<scope_expression>> render_node(const node& of, scope_lookup values) {
  switch (of.what) {
    case node::kind::text: {
      std::string text;
      TROUPE_CHECK(write_text(text, of.pieces, values));
      return std::optional{scope_expression::one(std::move(text))};
    }
    case node::kind::condition: {
      TROUPE_TRY(const auto* branch, branch_of(of, values));
      if (branch == nullptr)
        return std::optional<scope_expression>{};
      return render_node(*branch, values);
    }
    default:
      return render_list(of, values);
  }
}

// -- checking without rendering -------------------------------------------------------------------

struct scope_check {
  const scope_set& have;
  std::string& buffer;
  scope_list* used;  // null: nobody wants to know, so the first that decides is enough

  // Of the scope in the buffer.
  bool is_held() {
    const bool held = have.satisfies(buffer);
    if (held && used != nullptr)
      used->push_back(buffer);
    return held;
  }

  outcome<bool> text(const node& of, scope_lookup values) {
    buffer.clear();
    TROUPE_CHECK(write_text(buffer, of.pieces, values));
    return is_held();
  }

  // Whether a part that is held decides the list already: of any, one does.
  bool decides(bool held, bool any) const { return held == any && (!any || used == nullptr); }

  // Whether the rounds of the loop leave the list undecided, or what they decide.
  outcome<std::optional<bool>> loop(const node& of, scope_lookup values, bool any, bool& found) {
    TROUPE_TRY(const auto* list, list_of(of, values));
    const loop_rounds rounds(of, values);
    for (const auto& entry : *list) {
      buffer.clear();
      TROUPE_CHECK(rounds.write(buffer, entry));
      const bool held = is_held();
      found = found || held;
      if (decides(held, any))
        return std::optional{any};
    }
    return std::optional<bool>{};
  }

  // All are held unless one is found that is not; any is held if one is found that is.
  outcome<bool> list(const node& of, scope_lookup values) {
    const bool any = of.what == node::kind::any_of;
    const auto used_before = used != nullptr ? used->size() : 0;
    bool found = false;
    for (const auto& part : of.parts) {
      std::optional<bool> decided;
      if (part->what == node::kind::loop) {
        TROUPE_TRY(decided, loop(*part, values, any, found));
      } else {
        const auto* inner = part.get();
        while (inner != nullptr && inner->what == node::kind::condition) {
          TROUPE_TRY(inner, branch_of(*inner, values));
        }
        if (inner == nullptr)
          continue;  // as if it did not stand in the list
        TROUPE_TRY(const auto held, one(*inner, values));
        found = found || held;
        if (decides(held, any))
          decided = any;
      }
      if (!decided)
        continue;
      // Of a list that is not held nothing was used.
      if (!*decided && used != nullptr)
        used->resize(used_before);
      return *decided;
    }
    return any ? found : true;
  }

  outcome<bool> one(const node& of, scope_lookup values) {
    switch (of.what) {
      case node::kind::text:
        return text(of, values);
      case node::kind::condition: {
        TROUPE_TRY(const auto* branch, branch_of(of, values));
        if (branch == nullptr)
          return true;
        return one(*branch, values);
      }
      default:
        return list(of, values);
    }
  }
};

}  // namespace

outcome<scope_template> scope_template::parse(const json::value& value) {
  scope_template result;
  TROUPE_TRY(result.root_, parse_node(value, false));
  TROUPE_CHECK(find_parameters(*result.root_, result.parameters_));
  return result;
}

bool scope_template::authorizable_from_path(
    const std::vector<std::string_view>& path_parameters) const {
  return std::all_of(parameters_.begin(), parameters_.end(), [&](const parameter& used) {
    return used.is_text && std::find(path_parameters.begin(), path_parameters.end(), used.name) !=
                               path_parameters.end();
  });
}

outcome<bool> scope_template::is_public_for(scope_lookup values) const {
  const auto* at = root_.get();
  while (at != nullptr && at->what == node::kind::condition) {
    TROUPE_TRY(at, branch_of(*at, values));
  }
  return at == nullptr;
}

outcome<bool> scope_template::satisfied_by(const scope_set& have, scope_lookup values,
                                           std::string& buffer, scope_list* used) const {
  if (!root_)
    return true;
  TROUPE_TRY(const auto held, (scope_check{have, buffer, used}.one(*root_, values)));
  if (used != nullptr)
    *used = held ? normalise(std::move(*used)) : scope_list{};
  return held;
}

outcome<std::optional<scope_expression>> scope_template::render(scope_lookup values) const {
  if (!root_)
    return std::optional<scope_expression>{};
  return render_node(*root_, values);
}

}  // namespace troupe
