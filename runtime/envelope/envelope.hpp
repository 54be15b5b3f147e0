#pragma once

#include "messages/api/method.hpp"
#include "messages/api_error.hpp"
#include "messages/timestamp.hpp"

#include <boost/json/value.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// What an error envelope says of the request (api-conventions, section 8).
struct request_info {
  std::string_view method;  ///< name of the API method
  std::span<const api_parameter> params;
  std::span<const std::string> values;          ///< decoded, in the order of `params`
  const boost::json::value* payload = nullptr;  ///< null: `raw_payload`
  std::string_view raw_payload = "{}";          ///< JSON text that stands for the payload
  timestamp time;
};

/// The body of an error: code, message with its footer, and what was asked.
std::string render_error(const api_error& error, const request_info& request);

/// Whether every path parameter agrees with its pattern; all that do not are named.
std::optional<api_error> check_params(const api_method& method,
                                      std::span<const std::string> values);

/// A query as key and value pairs, decoded, in order; a key may repeat.
using query_pairs = std::vector<std::pair<std::string, std::string>>;

/// Whether the method knows every query parameter and every value is good.
std::optional<api_error> check_query(const api_method& method, const query_pairs& query);

/// The message with its `{{key}}` places taken from the details.
std::string fill_message(const api_error& error);

}  // namespace troupe
