#pragma once

#include "messages/api_error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st;

namespace troupe {

/// The certificate by which a server shows who it is, with its key, kept as new as its files:
/// whoever renews a certificate replaces the files, and the next connection has the new one.
/// Nobody has to be told, and nothing looks at the files while nobody connects.
class server_certificate {
 public:
  /// What is told about files that were replaced: an empty error when they are used from now on,
  /// or why they cannot be, in which case the former certificate stays in use.
  using listener = std::function<void(const std::string& error)>;

  /// Reads PEM files: the certificate followed by what it was signed with, and its key. The error
  /// names the file that cannot be used, and why.
  static outcome<std::shared_ptr<server_certificate>> load(std::string certificate_file,
                                                           std::string key_file,
                                                           listener replaced = {});

  /// What new connections are made with; from any thread.
  std::shared_ptr<ssl_ctx_st> context();

 private:
  /// Tells one content of a file from another without reading it.
  struct stamp {
    std::int64_t changed_ns = 0;
    std::int64_t size = 0;
    std::uint64_t inode = 0;
    bool operator==(const stamp&) const = default;
  };
  using stamps = std::array<stamp, 2>;

  server_certificate(std::string certificate_file, std::string key_file, listener replaced);
  stamps look() const;
  outcome<void> read();

  const std::string certificate_file_;
  const std::string key_file_;
  const listener replaced_;
  std::mutex mutex_;  // of what follows; held by connections that begin, never by those that are
  std::shared_ptr<ssl_ctx_st> context_;
  stamps seen_;
};

}  // namespace troupe
