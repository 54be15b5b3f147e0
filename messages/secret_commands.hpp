#pragma once

#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <string>

namespace troupe {

/// Read what Redis holds; the first message.
struct open_secrets {};

/// Create or replace a secret.
struct set_secret {
  std::string name;
  std::string plain;  ///< the value as JSON; overwritten as soon as it is sealed
  timestamp expires;
  std::string client_id;  ///< who does it, for the audit
  reply_handle reply;
};

/// Remove a secret, whether it is there or not.
struct remove_secret {
  std::string name;
  std::string client_id;
  reply_handle reply;
};

/// Answer a secret's value.
struct get_secret {
  std::string name;
  reply_handle reply;
};

/// Answer a page of the names behind `after`.
struct list_secrets {
  std::uint32_t limit = 1000;
  std::string after;
  bool first = true;  ///< the first page: `after` means nothing
  reply_handle reply;
};

/// Seal some of what older keys have sealed with the newest one.
struct reseal_secrets {};

/// A secret may have expired.
struct secrets_timer_fired {};

}  // namespace troupe
