#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// A part of a content, both ends inclusive.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size() const { return last - first + 1; }

  friend bool operator==(const byte_range&, const byte_range&) = default;
};

/// What a `Range` header asks of a content of `size` bytes.
struct wanted_range {
  enum class kind { all, part, impossible };
  kind what = kind::all;
  byte_range part;
};

/// Reads a `Range` header. Anything but one range of bytes means all of the content, as RFC 9110
/// allows.
wanted_range read_range(std::string_view header, std::uint64_t size);

/// True when an `If-None-Match` header names the etag.
bool etag_matches(std::string_view header, std::string_view etag);

}  // namespace troupe
