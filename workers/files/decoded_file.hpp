#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"

#include <memory>
#include <string_view>

namespace troupe {

/// A file read through a decoder that libarchive lacks: brotli (`br`), the
/// framing format of snappy (`sz`) or zlib (`zz`).
class decoded_file {
 public:
  decoded_file(descriptor file, std::string_view format);
  ~decoded_file();

  /// The next bytes, which stay until the next call; none at the end.
  outcome<std::string_view> next();

 private:
  struct decoder;
  struct brotli_decoder;
  struct snappy_decoder;
  struct zlib_decoder;

  std::unique_ptr<decoder> decoder_;
};

}  // namespace troupe
