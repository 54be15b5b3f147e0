#include "runtime/secrets/secret_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

namespace troupe {

namespace {

constexpr std::string_view first_line =
    "# The keys of secrets: the first one seals, all of them open. Without them no secret can be "
    "read.\n";

api_error trouble(const std::string& what, const std::string& path) {
  return make_api_error(error_code::input_error, "cannot " + what + " the keys of secrets in '" +
                                                     path + "': " + std::strerror(errno));
}

outcome<std::string> read_text(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  if (!file)
    return trouble("read", path);
  text << file.rdbuf();
  return text.str();
}

outcome<void> replace_file(const std::string& path, const std::string& text) {
  const auto draft = path + ".new";
  // Whoever may read the keys now may read them afterwards.
  struct stat now {};
  const mode_t mode = ::stat(path.c_str(), &now) == 0 ? now.st_mode & 0777 : 0600;
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0)
    return trouble("write", path);
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
    return trouble("write", path);
  return boost::system::in_place_value;
}

outcome<secret_ring> ring_of(const std::string& text, const std::string& where) {
  auto ring = secret_ring::parse(text);
  if (!ring)
    return make_api_error(error_code::input_error, where + ": " + ring.error().message);
  return ring;
}

outcome<secret_ring> load_file(const std::string& path) {
  TROUPE_TRY(auto text, read_text(path));
  auto ring = ring_of(text, "'" + path + "'");
  wipe(text);
  return ring;
}

}  // namespace

std::string secret_key_file(const std::string& data_dir) { return data_dir + "/secrets-keys"; }

outcome<secret_ring> load_secret_keys(const settings& config, const std::string& data_dir,
                                      random_source& random) {
  if (!config.secrets_keys.empty())
    return ring_of(config.secrets_keys, "secrets-keys");
  if (!config.secrets_key_file.empty())
    return load_file(config.secrets_key_file);
  if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"); credentials != nullptr)
    if (const auto path = std::string{credentials} + "/secrets-keys";
        ::access(path.c_str(), F_OK) == 0)
      return load_file(path);
  const auto path = secret_key_file(data_dir);
  if (::access(path.c_str(), F_OK) == 0)
    return load_file(path);
  return add_secret_key(path, random);
}

outcome<secret_ring> add_secret_key(const std::string& path, random_source& random) {
  std::string before;
  if (::access(path.c_str(), F_OK) == 0) {
    TROUPE_TRY(before, read_text(path));
    // A file with something else in it is not to be made unreadable for good.
    if (auto known = ring_of(before, "'" + path + "'"); !known)
      return known;
    if (before.starts_with(first_line))
      before.erase(0, first_line.size());
  }
  auto text = std::string{first_line} + secret_ring::make_key(random) + "\n" + before;
  TROUPE_CHECK(replace_file(path, text));
  auto ring = secret_ring::parse(text);
  wipe(text);
  wipe(before);
  return ring;
}

outcome<secret_ring> drop_old_secret_keys(const std::string& path) {
  TROUPE_TRY(auto text, read_text(path));
  TROUPE_CHECK(ring_of(text, "'" + path + "'"));
  std::string kept;
  std::istringstream lines{text};
  for (std::string line; kept.empty() && std::getline(lines, line);)
    if (auto one = secret_ring::parse(line))
      kept = line.substr(0, line.find_first_of(",#"));
  wipe(text);
  text = std::string{first_line} + kept + "\n";
  TROUPE_CHECK(replace_file(path, text));
  return secret_ring::parse(text);
}

}  // namespace troupe
