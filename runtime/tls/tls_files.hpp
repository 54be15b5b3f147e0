#pragma once

#include "messages/api_error.hpp"

#include <string>

namespace troupe {

/// The three PEM files that one side of the CAF port needs.
struct tls_files {
  std::string certificate;
  std::string key;
  std::string authority;
};

/// Whether the files are there, can be read, and key and certificate belong together. The error
/// names the file. Nothing listens and nothing connects without all three: CAF 0.18 would go on
/// without a word, and without knowing its peer.
outcome<void> check_tls_files(const tls_files& files);

}  // namespace troupe
