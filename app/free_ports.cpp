#include "app/free_ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <string_view>
#include <utility>

namespace troupe {

namespace {

bool is_busy(const std::string& address, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  if (inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1)
    return false;  // whoever opens it will say what is wrong
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool busy =
      ::bind(probe, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0 && errno == EADDRINUSE;
  ::close(probe);
  return busy;
}

const std::string& address_of(const settings& config, std::string_view port_name) {
  if (port_name == "https-port" && !config.https_listen.empty())
    return config.https_listen;
  return port_name == "metrics-port" ? config.metrics_listen : config.listen;
}

bool is_used(const settings& config, std::string_view port_name) {
  return port_name != "https-port" || !config.tls_certificate_file.empty();
}

}  // namespace

void avoid_busy_ports(loaded_settings& loaded,
                      const std::function<void(const std::string&)>& tell) {
  const std::pair<const char*, std::uint16_t settings::*> ports[] = {
      {"http-port", &settings::http_port},       {"https-port", &settings::https_port},
      {"zmq-pub-port", &settings::zmq_pub_port}, {"zmq-router-port", &settings::zmq_router_port},
      {"caf-port", &settings::caf_port},         {"metrics-port", &settings::metrics_port},
  };
  for (const auto& [name, member] : ports) {
    auto& port = loaded.values.*member;
    if (loaded.origins[name] != "default" || port == 0 || !is_used(loaded.values, name) ||
        !is_busy(address_of(loaded.values, name), port))
      continue;
    tell("port " + std::to_string(port) + " is in use; " + name + " is any free one");
    port = 0;
  }
}

outcome<void> check_ports(const settings& config) {
  const std::pair<const char*, std::uint16_t> ports[] = {
      {"http-port", config.http_port},       {"https-port", config.https_port},
      {"zmq-pub-port", config.zmq_pub_port}, {"zmq-router-port", config.zmq_router_port},
      {"caf-port", config.caf_port},         {"metrics-port", config.metrics_port},
  };
  for (const auto& [name, port] : ports)
    if (port != 0 && is_used(config, name) && is_busy(address_of(config, name), port))
      return make_api_error(error_code::service_unavailable,
                            "port " + std::to_string(port) + " at " + address_of(config, name) +
                                " is in use; stop what uses it, or choose another with --" + name +
                                " (0 picks a free one)");
  return boost::system::in_place_value;
}

}  // namespace troupe
