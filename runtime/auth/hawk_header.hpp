#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// The attributes of a Hawk header; they point into the header's text.
struct hawk_header {
  std::string_view id, ts, nonce, hash, ext, mac, app, dlg;
};

/// The longest header and signed resource that are looked at; the original stops at 4096, which
/// large temporary credentials exceed.
inline constexpr std::size_t longest_header = 16384;

/// Reads a header; the text is the message of the failure (auth contract, section 2, checks 1-8),
/// or empty.
std::string parse_hawk_header(std::string_view text, hawk_header& out);

/// A bewit's parts, and the resource it signs.
struct bewit_parts {
  std::string id, exp, mac, ext;
  std::string resource;
};

/// Takes the bewit out of a resource (auth contract, section 3, checks 1-6); as above.
std::string parse_bewit(std::string_view verb, std::string_view resource, bewit_parts& out);

}  // namespace troupe
