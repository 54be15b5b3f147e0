#include "runtime/crypto/web_token.hpp"

#include "runtime/crypto/sha256.hpp"

#include <boost/json/serialize.hpp>

namespace troupe {

std::string sign_web_token(const boost::json::object& claims, std::string_view secret) {
  auto token = base64url(std::string_view{R"({"alg":"HS256","typ":"JWT"})"}) + '.' +
               base64url(boost::json::serialize(claims));
  return token += '.' + base64url(hmac_key(secret).mac(token));
}

}  // namespace troupe
