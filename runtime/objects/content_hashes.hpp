#pragma once

#include "messages/api_error.hpp"

#include <string>
#include <string_view>

namespace troupe {

// Hashes of the content of an object (object contract 2.3), as JSON objects by algorithm; an empty
// text has none.

/// The known hashes with the given ones. They may come in several calls, but never change: another
/// value is a 409, and so is another algorithm unless the object is `open` to them.
outcome<std::string> merge_hashes(std::string_view known, std::string_view given, bool open);

/// What the server saw of the content itself, in lower-case hexadecimal; empty: unknown.
struct seen_hashes {
  std::string sha256;
  std::string sha512;

  friend bool operator==(const seen_hashes&, const seen_hashes&) = default;
};

/// The hashes of these bytes.
seen_hashes hashes_of(std::string_view bytes);

/// The hash by that algorithm; empty when there is none.
std::string hash_by(std::string_view hashes, std::string_view algorithm);

/// Compares what uploaders say with what was seen; a 400 names both values. What was not seen, or
/// is of another algorithm, is taken as it is.
outcome<void> check_hashes(std::string_view said, const seen_hashes& seen);

}  // namespace troupe
