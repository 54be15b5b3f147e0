#pragma once

#include "messages/api_error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace troupe {

/// Decodes a request body by its `Content-Encoding`: gzip (also x-gzip), deflate (with or without
/// zlib's head) or identity. `input_too_large` when the result would exceed `limit_bytes`,
/// `unsupported_encoding` for another coding, `malformed_payload` for broken data.
outcome<std::string> decode_content(std::string_view coding, std::string_view bytes,
                                    std::size_t limit_bytes);

/// True when a client that sends this `Accept-Encoding` takes gzip.
bool accepts_gzip(std::string_view accept_encoding);

/// Bodies below this size are not compressed (API-15).
inline constexpr std::size_t least_compressed_bytes = 1024;

/// Compresses with gzip. One per lane: it keeps zlib's memory.
class gzip_encoder {
 public:
  gzip_encoder();
  ~gzip_encoder();
  gzip_encoder(const gzip_encoder&) = delete;
  gzip_encoder& operator=(const gzip_encoder&) = delete;

  /// The compressed bytes; empty when zlib failed.
  std::string encode(std::string_view bytes);

 private:
  void* stream_;
};

}  // namespace troupe
