#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace troupe {

/// A JSON Web Token with these claims, signed with the secret by HMAC-SHA256 (RFC 7519, `HS256`).
std::string sign_web_token(const boost::json::object& claims, std::string_view secret);

}  // namespace troupe
