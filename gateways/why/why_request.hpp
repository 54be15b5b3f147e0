#pragma once

#include "messages/api/method.hpp"
#include "messages/api_error.hpp"
#include "runtime/scopes/scope.hpp"

#include <boost/json/value.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A call that is asked about, and for whom, as the body of `POST /api/troupe/v1/why` has it.
struct why_request {
  const api_method* method = nullptr;
  std::string target;  ///< raw path and query, as a client would send them
  std::string body;    ///< empty: none
  /// Whose scopes are looked at; with neither those of whoever asks.
  std::optional<std::string> client_id = {};
  std::optional<scope_list> scopes = {};

  /// Finds a method; null when it is not served.
  using method_finder =
      std::function<const api_method*(std::string_view service, std::string_view name)>;

  /// Reads the body; the error says which member is wrong.
  static outcome<why_request> read(const boost::json::value& body, const method_finder& find);
};

}  // namespace troupe
