#include "runtime/web/web_message.hpp"

#include <algorithm>

namespace troupe {

web_location location_of(const web_request& request) {
  web_location where;
  const std::string_view endpoint = request.endpoint;
  where.tls = endpoint.starts_with("https://");
  const auto rest = endpoint.substr(std::min(endpoint.size(), endpoint.find("://") + 3));
  const auto slash = std::min(rest.size(), rest.find('/'));
  const auto authority = rest.substr(0, slash);
  where.path = std::string{rest.substr(slash)} + request.target;
  if (!where.path.starts_with('/'))
    where.path.insert(0, "/");
  // The colons of an IPv6 address stand in brackets.
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string usual = where.tls ? "443" : "80";
  where.host = authority.substr(0, has_port ? colon : authority.size());
  where.port = has_port ? std::string{authority.substr(colon + 1)} : usual;
  where.authority = where.port == usual ? where.host : where.host + ":" + where.port;
  return where;
}

}  // namespace troupe
