#include "runtime/config/server_key.hpp"

#include "runtime/crypto/sha256.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace troupe {

namespace {

constexpr std::size_t key_size = 32;

/// A descriptor that closes itself.
struct open_file {
  int fd;
  explicit open_file(int descriptor) : fd(descriptor) {}
  ~open_file() {
    if (fd >= 0)
      ::close(fd);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
};

api_error cannot(const std::string& what, const std::string& path) {
  return make_api_error(error_code::internal_server_error,
                        "cannot " + what + " '" + path + "': " + std::strerror(errno) +
                            "; give the server a data directory it may write to");
}

}  // namespace

outcome<std::string> load_server_key(const std::string& data_dir, random_source& random) {
  std::string key(key_size, '\0');
  random.fill({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  if (data_dir.empty())
    return key;
  const auto path = data_dir + "/server-key";
  {
    open_file created{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (created.fd >= 0) {
      if (::write(created.fd, key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
          ::fsync(created.fd) != 0)
        return cannot("write", path);
      return key;
    }
    if (errno != EEXIST)
      return cannot("create", path);
  }
  open_file existing{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (existing.fd < 0)
    return cannot("read", path);
  if (::read(existing.fd, key.data(), key.size()) != static_cast<ssize_t>(key.size()))
    return make_api_error(error_code::internal_server_error,
                          "'" + path + "' is not a key of 32 bytes: remove it to get a new one");
  return key;
}

std::string derive_key(std::string_view server_key, std::string_view purpose) {
  const auto derived = hmac_key(server_key).mac(purpose);
  return {reinterpret_cast<const char*>(derived.data()), derived.size()};
}

std::string keyed_signature(std::string_view key, std::string_view text) {
  return base64url(hmac_key(key).mac(text));
}

}  // namespace troupe
