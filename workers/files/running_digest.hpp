#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

/// SHA-256 of bytes that come in pieces.
class running_digest {
 public:
  running_digest();
  ~running_digest();
  running_digest(running_digest&&) noexcept;
  running_digest& operator=(running_digest&&) noexcept;

  void add(std::string_view bytes);

  /// Of all that was added, in hexadecimal. Nothing can be added after it.
  std::string hex();

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// SHA-256 of a file's bytes in hexadecimal; empty when it cannot be read.
std::string sha256_of_file(const std::string& path);

/// The same of the first `size` bytes of an open file.
std::string sha256_of_file(int file, std::uint64_t size);

}  // namespace troupe
