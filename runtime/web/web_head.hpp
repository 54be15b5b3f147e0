#pragma once

#include "runtime/web/web_message.hpp"

#include <boost/beast/http/message.hpp>

namespace troupe {

/// The head of a request as it is sent, but for the length of its body.
template <class Body>
boost::beast::http::request<Body> head_of(const web_request& request, const web_location& where) {
  namespace http = boost::beast::http;
  http::request<Body> message;
  message.method_string(request.verb);
  message.target(where.path);
  message.version(11);
  message.set(http::field::host, where.authority);
  message.set(http::field::user_agent, "troupe");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers)
    message.set(name, value);
  return message;
}

}  // namespace troupe
