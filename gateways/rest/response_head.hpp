#pragma once

#include "messages/timestamp.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

/// A version 4 UUID as text, without an allocation.
using uuid_text = std::array<char, 36>;

/// Formats 128 random bits as a version 4 UUID.
uuid_text format_uuid(std::uint64_t high, std::uint64_t low);

/// What the head of a response says. The texts must live during the call of `append_response_head`.
struct response_head {
  unsigned status = 200;
  int version = 11;  ///< of the request
  bool keep_alive = true;
  bool below_api = true;  ///< adds `Cache-Control: no-store ...`
  bool strict_transport = false;
  std::string_view content_type;      ///< empty: none
  std::string_view content_encoding;  ///< empty: none
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::string_view trace_id;
  std::string_view request_id;
  std::string_view date;  ///< finished value of `Date`
  std::string_view allow;
  std::span<const std::pair<std::string, std::string>> more;
};

/// Appends the status line and all headers (api-conventions section 4), with the empty line.
void append_response_head(std::string& out, const response_head& head);

/// The reason phrase of a status.
std::string_view reason_phrase(unsigned status);

/// At most 256 printable ASCII characters of a trace id that a client sent.
std::string_view usable_trace_id(std::string_view sent);

}  // namespace troupe
