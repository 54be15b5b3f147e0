#include "runtime/tls/tls_probe.hpp"

#include "runtime/tls/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <memory>

namespace troupe {

namespace {

using steady = std::chrono::steady_clock;
using addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;
using tls_session = std::unique_ptr<SSL, void (*)(SSL*)>;

class socket_owner {
 public:
  explicit socket_owner(int descriptor) : descriptor_(descriptor) {}
  ~socket_owner() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }
  socket_owner(const socket_owner&) = delete;
  socket_owner& operator=(const socket_owner&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// One probe: how long it may take, and what it is called in errors.
struct probe {
  std::string where;
  steady::time_point until;
  int give_up;

  api_error unreachable(const std::string& why) const {
    return make_api_error(error_code::service_unavailable, where + " cannot be reached: " + why);
  }

  outcome<void> wait(int descriptor, short what) const;
  outcome<void> connect(int descriptor, const addrinfo& to) const;
  outcome<void> shake_hands(SSL* session, int descriptor) const;
  api_error describe(SSL* session) const;
};

outcome<void> probe::wait(int descriptor, short what) const {
  pollfd waits[] = {{descriptor, what, 0}, {give_up, POLLIN, 0}};
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - steady::now()).count();
    if (left <= 0)
      return unreachable("it did not answer in time");
    if (::poll(waits, give_up >= 0 ? 2 : 1, static_cast<int>(left)) < 0 && errno != EINTR)
      return unreachable(std::strerror(errno));
    if (give_up >= 0 && waits[1].revents != 0)
      return unreachable("it is no longer wanted");
    if (waits[0].revents != 0)
      return boost::system::in_place_value;
  }
}

outcome<void> probe::connect(int descriptor, const addrinfo& to) const {
  if (::connect(descriptor, to.ai_addr, to.ai_addrlen) == 0)
    return boost::system::in_place_value;
  if (errno != EINPROGRESS)
    return unreachable(std::strerror(errno));
  TROUPE_CHECK(wait(descriptor, POLLOUT));
  int failed = 0;
  socklen_t size = sizeof failed;
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0)
    return unreachable(std::strerror(failed));
  return boost::system::in_place_value;
}

// Without a certificate that the peer takes, the handshake ends by an alert, which in TLS 1.3 comes
// where the first byte would. A peer that only closes may be ending.
api_error probe::describe(SSL* session) const {
  const auto verified = SSL_get_verify_result(session);
  if (verified != X509_V_OK)
    return make_api_error(error_code::authentication_failed,
                          "the certificate of " + where + " is not one of the TLS authority: " +
                              X509_verify_cert_error_string(verified));
  const auto code = ERR_peek_error();
  const bool alert = code != 0 && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
  const auto text = take_tls_errors();
  if (!alert)
    return unreachable(text);
  return make_api_error(error_code::authentication_failed,
                        where + " does not take the TLS certificate of this worker: " + text +
                            "; it must be one of the server's own authority");
}

outcome<void> probe::shake_hands(SSL* session, int descriptor) const {
  SSL_set_fd(session, descriptor);
  bool connected = false;
  for (;;) {
    ERR_clear_error();
    char byte = 0;
    const int done = connected ? SSL_read(session, &byte, 1) : SSL_connect(session);
    if (done == 1 && connected)
      return boost::system::in_place_value;
    if (done == 1) {
      connected = true;
      continue;
    }
    switch (SSL_get_error(session, done)) {
      case SSL_ERROR_WANT_READ:
        TROUPE_CHECK(wait(descriptor, POLLIN));
        break;
      case SSL_ERROR_WANT_WRITE:
        TROUPE_CHECK(wait(descriptor, POLLOUT));
        break;
      default:
        return describe(session);
    }
  }
}

}  // namespace

outcome<void> probe_tls(const std::string& host, std::uint16_t port, const tls_files& files,
                        std::chrono::milliseconds limit, int give_up) {
  TROUPE_TRY(const auto context, make_tls_context(files));
  const auto service = std::to_string(port);
  const probe one{host + ":" + service, steady::now() + limit, give_up};
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), service.c_str(), &wanted, &found); failed != 0)
    return one.unreachable(::gai_strerror(failed));
  const addresses all{found, &::freeaddrinfo};
  outcome<void> result = one.unreachable("it has no address");
  for (const auto* to = all.get(); to != nullptr; to = to->ai_next) {
    const socket_owner socket{
        ::socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol)};
    result = one.connect(socket.get(), *to);
    if (!result)
      continue;
    const tls_session session{SSL_new(context.get()), &SSL_free};
    return one.shake_hands(session.get(), socket.get());
  }
  return result;
}

}  // namespace troupe
