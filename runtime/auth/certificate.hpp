#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/scopes/scope.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace troupe {

/// A certificate of temporary credentials as it came, before its signature is checked.
struct certificate {
  scope_list scopes;
  std::string seed;
  std::string signature;
  std::string start;   ///< as JavaScript prints the number, which is what is signed
  std::string expiry;  ///< likewise
  timestamp expires;
};

/// Reads a certificate and checks what can be said without knowing its issuer (auth contract 4.2,
/// checks 1 to 11). The text is the message of the failure, or empty.
std::string read_certificate(const boost::json::value& value, timestamp now, certificate& out);

/// Checks that the issuer could and did issue it (checks 12, 14 and 15). `name` is the client id
/// of named credentials, else empty. As above.
std::string check_issuer(const certificate& made, const auth_snapshot::client& issuer,
                         std::string_view name);

/// Reads a JSON array of valid scopes; false for anything else in it.
bool read_scopes(const boost::json::array& entries, scope_list& out);

}  // namespace troupe
