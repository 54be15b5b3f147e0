#pragma once

#include "messages/api_error.hpp"
#include "runtime/web/web_message.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// An HTTP proxy, by which connections are led to other servers.
struct web_proxy {
  std::string host;  ///< an IPv6 address in brackets
  std::string port;
  std::string authorization = {};  ///< of the header `Proxy-Authorization`; empty: none

  friend bool operator==(const web_proxy&, const web_proxy&) = default;
};

/// The value of a variable; null without it.
using variable_source = std::function<const char*(const char* name)>;

/// Whether a list like that of `no_proxy` names the host: `*`, or names with all that are below
/// them, addresses and networks (`10.0.0.0/8`), by commas or spaces.
bool is_reached_directly(std::string_view list, std::string_view host);

/// The proxy that the variables name for a place, by the rules of libcurl: `https_proxy` or
/// `http_proxy` by the scheme, or else `all_proxy`, unless `no_proxy` names the host; in capitals,
/// too, but for `http_proxy`. Nothing when the place is reached directly; an error when what they
/// name is no HTTP proxy.
outcome<std::optional<web_proxy>> proxy_for(const web_location& where,
                                            const variable_source& variables);

}  // namespace troupe
