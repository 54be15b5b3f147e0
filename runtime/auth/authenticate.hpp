#pragma once

#include "messages/timestamp.hpp"
#include "runtime/auth/certificate_cache.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/scopes/scope.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// A request whose signature is to be checked.
struct request_to_check {
  std::string_view verb;      ///< as sent
  std::string_view resource;  ///< raw path with query
  std::string_view host;      ///< without port
  std::string_view port;
  std::string_view authorization;  ///< header; empty: none
  timestamp now;
};

/// What a signature came to.
struct auth_result {
  enum class status : std::uint8_t { success, none, failed };
  status what = status::none;
  std::string message;    ///< of a failure, in the words of the protocol
  std::string client_id;  ///< of a success: the name of temporary credentials, if they have one
  scope_set_ptr scopes;   ///< with what everybody has
  timestamp expires;
  std::string hash;      ///< of the body, as the header claims it; empty: not claimed
  std::string_view mac;  ///< of a header that is right; points into it
  bool bewit = false;    ///< authenticated by a signed URL
  /// Of a success: the client that is stored, the issuer of temporary credentials; as long as the
  /// snapshot lives.
  const auth_snapshot::client* stored = nullptr;
};

/// Checks header or bewit of a request (auth contract, sections 2 to 5). A header wins over a
/// bewit. Without credentials the scopes are those of `anonymous`, for the next 15 minutes.
auth_result authenticate(const auth_snapshot& clients, const request_to_check& request,
                         certificate_cache* cache = nullptr);

/// Whether the resource carries a bewit.
bool has_bewit(std::string_view resource);

}  // namespace troupe
