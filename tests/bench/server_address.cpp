#include "tests/bench/server_address.hpp"

#include "tests/bench/options.hpp"
#include "tests/bench/text.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <string_view>

namespace troupe_load {

namespace {

sockaddr_in resolve(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0 || found == nullptr)
    die("cannot resolve " + host);
  sockaddr_in result{};
  std::memcpy(&result, found->ai_addr, sizeof result);
  freeaddrinfo(found);
  return result;
}

}  // namespace

server_address read_server_address(const options& from) {
  constexpr std::string_view scheme = "http://";
  if (!from.root_url.starts_with(scheme))
    die("--root-url must start with http://");
  const auto rest = from.root_url.substr(scheme.size());
  server_address result;
  const auto slash = rest.find('/');
  result.host_header = rest.substr(0, slash);
  if (slash != std::string::npos)
    result.base_path = rest.substr(slash);
  while (result.base_path.ends_with('/'))
    result.base_path.pop_back();
  const auto colon = result.host_header.rfind(':');
  result.host = result.host_header.substr(0, colon);
  result.port = colon == std::string::npos ? "80" : result.host_header.substr(colon + 1);
  if (from.connect.empty()) {
    result.socket = resolve(result.host, result.port);
  } else {
    const auto at = from.connect.rfind(':');
    result.socket = resolve(from.connect.substr(0, at), from.connect.substr(at + 1));
  }
  return result;
}

}  // namespace troupe_load
