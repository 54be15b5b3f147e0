#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// A request to another server.
struct web_request {
  std::string verb;
  std::string endpoint;  ///< `http[s]://host[:port]` and perhaps the beginning of the path
  std::string target;    ///< the rest of path and query, encoded; begins with a slash or is empty
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< besides `Host` and lengths
  std::string body = {};
};

/// What it answered.
struct web_answer {
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
  std::string body = {};

  bool fine() const { return status >= 200 && status < 300; }

  /// The value of a header by its lower-case name; empty without one.
  std::string_view header(std::string_view name) const {
    for (const auto& [known, value] : headers)
      if (known == name)
        return value;
    return {};
  }
};

/// Where a request goes.
struct web_location {
  bool tls = true;
  std::string host;       ///< an IPv6 address in brackets
  std::string port;       ///< digits
  std::string authority;  ///< as the `Host` header says it
  std::string path;       ///< of the endpoint, with what follows
};

/// Takes endpoint and target of a request apart; the endpoint is one that was checked.
web_location location_of(const web_request& request);

}  // namespace troupe
