#include "gateways/rest/http_listener.hpp"

#include "gateways/rest/http_lane.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/asio/ip/address.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace troupe {

namespace {

using boost::asio::ip::tcp;

constexpr int accept_batch = 64;

std::string address_text(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = {};
  if (from.ss_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text, sizeof text);
  else
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof text);
  return text;
}

void refuse(int descriptor) {
  static constexpr std::string_view text =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  [[maybe_unused]] const auto sent =
      ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(descriptor);
}

}  // namespace

http_listener::http_listener(std::vector<http_lane*> lanes, std::size_t max_connections,
                             std::shared_ptr<server_certificate> certificate)
    : lanes_(std::move(lanes)),
      max_connections_(max_connections),
      certificate_(std::move(certificate)),
      acceptor_(lanes_.front()->on().io()),
      pause_(lanes_.front()->on().io()) {}

outcome<std::uint16_t> http_listener::open(const std::string& host, std::uint16_t port,
                                           std::string_view setting) {
  boost::system::error_code failed;
  const auto address =
      boost::asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, failed);
  if (failed)
    return make_api_error(error_code::internal_server_error,
                          "cannot listen on '" + host + "': not an IP address");
  const tcp::endpoint place(address, port);
  acceptor_.open(place.protocol(), failed);
  if (!failed)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed)
    acceptor_.bind(place, failed);
  if (!failed)
    acceptor_.listen(4096, failed);
  if (!failed)
    acceptor_.non_blocking(true, failed);
  if (failed) {
    const bool taken = failed == boost::asio::error::address_in_use;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    return make_api_error(
        error_code::internal_server_error,
        "cannot listen on " + host + ":" + std::to_string(port) + ": " + failed.message() +
            (taken
                 ? "; stop the other program, or choose another port with --" + std::string{setting}
                 : ""));
  }
  return acceptor_.local_endpoint().port();
}

void http_listener::start() { wait(); }

void http_listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void http_listener::wait() {
  acceptor_.async_wait(tcp::acceptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& failed) {
                         if (!failed && self->acceptor_.is_open())
                           self->accept_some();
                       });
}

void http_listener::accept_some() {
  for (int i = 0; i < accept_batch; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int descriptor = ::accept4(acceptor_.native_handle(), reinterpret_cast<sockaddr*>(&from),
                                     &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      give_away({descriptor, from.ss_family == AF_INET6, address_text(from), certificate_.get()});
      continue;
    }
    if (errno == EINTR || errno == ECONNABORTED)
      continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) {
      // Out of descriptors or memory: asking again at once would only spin.
      pause_.expires_after(std::chrono::milliseconds{100});
      pause_.async_wait([self = shared_from_this()](const boost::system::error_code& failed) {
        if (!failed && self->acceptor_.is_open())
          self->wait();
      });
      return;
    }
    break;
  }
  wait();
}

void http_listener::give_away(accepted_connection&& connection) {
  std::size_t all = 0;
  auto* fewest = lanes_[next_++ % lanes_.size()];
  for (auto* candidate : lanes_) {
    all += candidate->connections();
    if (candidate->connections() < fewest->connections())
      fewest = candidate;
  }
  if (all >= max_connections_)
    return refuse(connection.descriptor);
  fewest->expect_one();
  if (fewest->on().is_current()) {
    fewest->adopt(std::move(connection));
    return;
  }
  fewest->on().post([fewest, connection = std::move(connection)]() mutable {
    fewest->adopt(std::move(connection));
  });
}

}  // namespace troupe
