#pragma once

#include "messages/api_error.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// The host and port that the signature of a request must name (api-conventions section 13).
struct signed_host {
  std::string name;  ///< lower case
  std::string port;
  std::string other_port;  ///< also accepted; empty: none
};

/// Reads them off the `Host` header, which the forwarded headers of a trusted proxy override.
signed_host signed_hosts(std::string_view host_header, std::string_view forwarded_port,
                         std::string_view forwarded_proto, bool tls);

/// True for `application/json` in any letter case, with or without parameters.
bool is_json_type(std::string_view content_type);

/// An error for a body that comes as anything else.
outcome<void> demand_json_type(std::string_view content_type);

/// A body in UTF-8. `charset` is that of the content type, empty for none; false for one that is
/// not known, or bytes that are not in it.
bool to_utf8(std::string_view charset, std::string_view bytes, std::string& out);

/// The `charset` parameter of a content type in lower case; empty when there is none, or when it is
/// a name of UTF-8.
std::string foreign_charset(std::string_view content_type);

}  // namespace troupe
