#pragma once

#include "app/node.hpp"
#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/config/settings.hpp"

#include <optional>
#include <string>

namespace troupe {

/// The root client of a server: from configuration when it is there, else made once and kept in
/// `<data>/root-credentials` (mode 0600). Enters it into the settings.
outcome<credentials> ensure_root_client(settings& config, const std::string& data_dir);

/// Writes `<data>/up.json`, and a link to it where subcommands look.
outcome<void> write_server_info(const std::string& data_dir, const node_doors& doors);

/// Removes both.
void remove_server_info(const std::string& data_dir);

/// A server that runs on this machine for this user.
struct local_server {
  std::string root_url;
  std::string data_dir;
  credentials root;
  std::string caf_address;  ///< `host:port` of the CAF port
};

/// The server whose files are in `data_dir`, or, without one, the last that was started; the error
/// says how to start one.
outcome<local_server> find_local_server(const std::string& data_dir);

}  // namespace troupe
