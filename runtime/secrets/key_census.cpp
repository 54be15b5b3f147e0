#include "runtime/secrets/key_census.hpp"

namespace troupe {

void key_census::see(std::string_view name, std::string_view sealed) {
  const auto key = secret_ring::key_of(sealed);
  if (!ring_.has(key)) {
    closed_.emplace(name);
    keys_.emplace(key);
  } else if (key != ring_.newest()) {
    outdated_.emplace(name);
  }
}

std::optional<std::string> key_census::missing(std::string_view what) const {
  if (closed_.empty())
    return std::nullopt;
  std::string keys;
  for (const auto& key : keys_)
    keys += (keys.empty() ? "" : ", ") + key;
  return "Redis holds " + std::to_string(closed_.size()) + " " + std::string{what} +
         " sealed with a key (" + keys +
         ") that this server does not have; give it the file of that key with --secrets-key-file";
}

}  // namespace troupe
