#pragma once

#include "runtime/web/web_proxy.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace troupe {

using plain_stream = boost::beast::tcp_stream;
using tls_stream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

/// Whom a connection is to lead to.
struct web_peer {
  std::string host;  ///< a name or an address, that of IPv6 with its brackets or without
  std::string port;
  std::optional<web_proxy> by = {};  ///< that leads there
};

/// Connects by TCP; what is done with the stream later has the same limit until another is set.
/// Throws boost::system::system_error.
boost::asio::awaitable<void> connect_to(plain_stream& stream, const web_peer& peer,
                                        std::chrono::steady_clock::time_point until);

/// Connects by TLS with whoever can show that it is `peer`, by an authority that the context of the
/// stream trusts. When a certificate is not accepted, `refusal` gets what is wrong with it; it must
/// be there as long as the stream.
boost::asio::awaitable<void> connect_to(tls_stream& stream, const web_peer& peer,
                                        std::chrono::steady_clock::time_point until,
                                        std::string& refusal);

/// Why there is no connection, or no answer: the error, or what was wrong with the certificate.
std::string why_unreachable(const boost::system::error_code& failed, const std::string& refusal);

}  // namespace troupe
