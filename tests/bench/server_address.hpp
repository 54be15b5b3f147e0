#pragma once

#include <netinet/in.h>
#include <string>

namespace troupe_load {

struct options;

/// Where the server is, in the forms that are needed.
struct server_address {
  std::string host;         ///< as signed
  std::string port;         ///< as signed
  std::string host_header;  ///< as in the URL
  std::string base_path;    ///< before /api, without a slash at its end
  sockaddr_in socket{};     ///< where to connect to
};

/// Reads --root-url and --connect; ends the program where that cannot be done.
server_address read_server_address(const options& from);

}  // namespace troupe_load
