#pragma once

#include "messages/api_error.hpp"
#include "runtime/scopes/scope.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A scope expression with its values in place (api-conventions, section 15): a scope, or all or
/// any of several.
struct scope_expression {
  enum class kind : std::uint8_t { scope, all_of, any_of };
  kind what = kind::scope;
  std::string scope;
  std::vector<scope_expression> parts;

  static scope_expression one(std::string text) { return {kind::scope, std::move(text), {}}; }
  static scope_expression all(std::vector<scope_expression> of) {
    return {kind::all_of, {}, std::move(of)};
  }
  static scope_expression any(std::vector<scope_expression> of) {
    return {kind::any_of, {}, std::move(of)};
  }

  friend bool operator==(const scope_expression&, const scope_expression&) = default;
};

/// Whether the scopes satisfy it. All of nothing is satisfied by everybody, any of nothing by
/// nobody.
bool satisfies(const scope_set& have, const scope_expression& required);

/// What is left of it without what is satisfied; nothing when all is.
std::optional<scope_expression> unsatisfied_part(const scope_set& have,
                                                 const scope_expression& required);

/// The required scopes that were used to satisfy it, of every satisfied branch, normalised.
scope_list satisfying_scopes(const scope_set& have, const scope_expression& required);

/// As JSON; and as the text of an error message: a lone scope bare, else JSON indented by two.
boost::json::value to_json(const scope_expression& expression);
std::string to_text(const scope_expression& expression);

/// Reads a rendered expression from JSON; nothing when it is none.
std::optional<scope_expression> read_expression(const boost::json::value& json);

/// The 403 of a caller who does not satisfy the expression.
api_error insufficient_scopes(const scope_set& have, const scope_expression& required,
                              std::string_view client_id, bool authenticated);

/// The value of one parameter of a template, without owning it: plain text, or JSON (a string,
/// number, boolean or list).
struct scope_value {
  scope_value() = default;                                       ///< there is none
  scope_value(std::string_view of) : text(of), is_text(true) {}  // NOLINT: meant to convert
  scope_value(const boost::json::value* of) : json(of) {}        // NOLINT: null: there is none
  scope_value(std::string&&) = delete;                           // would be gone before its use

  std::string_view text;
  const boost::json::value* json = nullptr;
  bool is_text = false;
};

/// Refers to a function `scope_value(std::string_view name)`; made for one call, it owns nothing
/// and costs no allocation.
class scope_lookup {
 public:
  template <class Function>
  scope_lookup(const Function& find)  // NOLINT: meant to convert
      : function_(&find), call_([](const void* function, std::string_view name) {
          return scope_value{(*static_cast<const Function*>(function))(name)};
        }) {}

  scope_value operator()(std::string_view name) const { return call_(function_, name); }

 private:
  const void* function_;
  scope_value (*call_)(const void*, std::string_view);
};

/// A scope expression as the method tables write it, with `<name>` parameters, `for` and `if`.
class scope_template {
 public:
  /// Asks for nothing: the template of a public method.
  scope_template() = default;

  /// Reads a template; the error says what is wrong with it.
  static outcome<scope_template> parse(const boost::json::value& json);

  /// True when it asks for nothing.
  bool is_public() const { return root_ == nullptr; }

  /// The parameters it uses, each once, in order; the flag says that it is used as plain text.
  struct parameter {
    std::string name;
    bool is_text = true;
  };
  const std::vector<parameter>& parameters() const { return parameters_; }

  /// Whether a request can be authorised before anything but its path is read: every parameter is
  /// used as plain text and is one of the names of `path_parameters` (API-48).
  bool authorizable_from_path(const std::vector<std::string_view>& path_parameters) const;

  /// Whether it asks for nothing with these values: an `if` at the root that is false. Then
  /// credentials are not even looked at.
  outcome<bool> is_public_for(scope_lookup values) const;

  /// Whether the scopes satisfy it, without building the expression: each scope is written into
  /// `buffer`, which keeps its room from call to call. What asks for nothing is satisfied. With
  /// `used`, which is empty at first, it gathers what `satisfying_scopes` would give.
  outcome<bool> satisfied_by(const scope_set& have, scope_lookup values, std::string& buffer,
                             scope_list* used = nullptr) const;

  /// With the values in place; nothing when that turns out to be public (`if` that is false). The
  /// error is a programming mistake: a value is missing or of the wrong type.
  outcome<std::optional<scope_expression>> render(scope_lookup values) const;

  struct node;

 private:
  std::shared_ptr<const node> root_;
  std::vector<parameter> parameters_;
};

}  // namespace troupe
