#pragma once

#include "gateways/rest/rest_gateway.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// A file of a page that is built into the program. `policy` is what the page may load and reach;
/// its address is told to nobody.
inline api_response page_part(std::string_view content_type, std::string_view text,
                              std::string_view policy) {
  api_response response;
  response.content_type = content_type;
  response.body = text;
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Security-Policy", policy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

/// Serves such a file to everybody.
inline void add_page_part(rest_gateway& rest, std::string route, std::string_view content_type,
                          std::string_view text, std::string_view policy) {
  rest.add_page("GET", std::move(route), door_access::open,
                [content_type, text, policy](const door_request&) {
                  return page_part(content_type, text, policy);
                });
}

}  // namespace troupe
