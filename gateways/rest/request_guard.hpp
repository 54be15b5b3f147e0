#pragma once

#include "gateways/rest/nonce_memory.hpp"
#include "gateways/rest/rate_limiter.hpp"
#include "messages/api_error.hpp"

#include <string_view>

namespace troupe {

struct settings;

/// What keeps one caller from taking the server from all others, and what was overheard from being
/// sent again; both only if the operator asks for it. Shared by all lanes.
class request_guard {
 public:
  explicit request_guard(const settings& config);

  /// Lets a request of that address in, or tells when it may come again (`too_many_requests`).
  /// Before anything else is done for it. Addresses of this machine are not limited.
  outcome<void> admit_address(std::string_view address, timestamp now);

  /// Whether addresses are limited at all.
  bool limits_addresses() const { return addresses_.limits(); }

  /// Credentials that are not right count as many requests: who guesses does not get far.
  void note_bad_credentials(std::string_view address, timestamp now);

  /// The same for a client whose signature is right. `issuer` is the client that is stored: names
  /// of temporary credentials share its limit, but those that the platform itself gives to tasks
  /// have one each.
  outcome<void> admit_client(std::string_view client_id, std::string_view issuer, timestamp now);

  /// A signature that is right: an error when it is remembered from before. Only for what changes
  /// something; `mac` empty: a signed URL, which is made to be used again.
  outcome<void> admit_signature(std::string_view verb, std::string_view mac, timestamp now);

 private:
  rate_limiter clients_;
  rate_limiter addresses_;
  nonce_memory signatures_;
  bool remembers_;
};

}  // namespace troupe
