#pragma once

#include "gateways/rest/request_context.hpp"
#include "messages/api/method.hpp"
#include "runtime/schema/schema.hpp"
#include "runtime/scopes/expression.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A row of the method table made ready to be served: its scope expression and schema are compiled,
/// and its handler is known.
struct served_method {
  const api_method* row = nullptr;
  scope_template scopes;
  bool is_public = false;
  /// Every parameter of the scopes is a required path parameter, so they are checked before
  /// anything else is looked at.
  bool scopes_from_url = false;
  const schema* input = nullptr;   ///< null: the method takes no body
  const schema* output = nullptr;  ///< null: the reply is not checked
  api_handler serve = nullptr;
};

/// What a path found.
struct found_method {
  const served_method* method = nullptr;  ///< null: nothing, or another verb
  std::vector<std::string> values;        ///< of the path parameters, decoded, in order
  bool bad_escape = false;
};

/// All methods that have a handler. Filled before the lanes run, then only read.
class served_methods {
 public:
  /// Finds the handler of a method; null for one that is not served.
  using handler_finder = api_handler (*)(std::string_view service, std::string_view method);

  served_methods();
  ~served_methods();

  /// Adds the methods of a service below `base`, like `/api/queue/v1`, that have a handler. `rows`
  /// must outlive this. A table that is not consistent is a `std::logic_error`.
  void add(std::string base, const std::vector<api_method>& rows, handler_finder handler_of);

  /// Finds the method of a verb (HEAD is GET) and raw path.
  found_method find(std::string_view verb, std::string_view path) const;

  /// `Allow` of a path; empty when the path is unknown.
  std::string allowed(std::string_view path) const;

  /// The methods by service and name; null when it is not served.
  const served_method* by_name(std::string_view service, std::string_view name) const;

 private:
  struct tables;
  std::unique_ptr<tables> tables_;
};

}  // namespace troupe
