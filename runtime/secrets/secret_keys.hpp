#pragma once

#include "runtime/config/settings.hpp"
#include "runtime/secrets/secret_ring.hpp"

#include <string>

namespace troupe {

/// The keys of secrets of a server, from the first of these that is there: the settings
/// `secrets-keys` and `secrets-key-file`, the systemd credential `secrets-keys`, and
/// `<data>/secrets-keys` (mode 0600), which is made when it is not there.
outcome<secret_ring> load_secret_keys(const settings& config, const std::string& data_dir,
                                      random_source& random);

/// Where the keys of `<data>` are.
std::string secret_key_file(const std::string& data_dir);

/// Puts a new key before those in the file, all of it or nothing; the keys as they are from then
/// on.
outcome<secret_ring> add_secret_key(const std::string& path, random_source& random);

/// Leaves only the newest key in the file.
outcome<secret_ring> drop_old_secret_keys(const std::string& path);

}  // namespace troupe
