#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace troupe {

/// What a call of the API came to, whatever carried it. Status 0: the server was not reached, or
/// the connection was lost before it answered.
struct call_result {
  unsigned status = 0;
  std::string body;
  std::string location;  ///< of a redirect
  std::string trouble;   ///< why the server was not reached

  bool good() const { return status >= 200 && status < 400; }
  /// Worth repeating: not reached, overloaded, or a failure of the server.
  bool passing() const { return status == 0 || status >= 500 || status == 429; }
  /// The body; null when it is not JSON.
  boost::json::value json() const;
};

}  // namespace troupe
