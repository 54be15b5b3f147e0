#include "runtime/web/web_connect.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/ssl.h>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;

namespace {

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

void verify_name(tls_stream& stream, const std::string& name, std::string& refusal) {
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback([&refusal, check = asio::ssl::host_name_verification(name)](
                                 bool good, asio::ssl::verify_context& chain) {
    const bool fine = check(good, chain);
    if (!fine)
      refusal =
          good ? "it is not of that name"
               : X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain.native_handle()));
    return fine;
  });
  boost::system::error_code no_address;
  asio::ip::make_address(name, no_address);
  if (no_address)  // only names are told
    SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
}

}  // namespace

asio::awaitable<void> connect_to(plain_stream& stream, const web_peer& peer,
                                 std::chrono::steady_clock::time_point until) {
  tcp::resolver resolver{stream.get_executor()};
  const auto targets =
      co_await resolver.async_resolve(without_brackets(peer.host), peer.port, asio::use_awaitable);
  stream.expires_at(until);
  co_await stream.async_connect(targets, asio::use_awaitable);
}

asio::awaitable<void> connect_to(tls_stream& stream, const web_peer& peer,
                                 std::chrono::steady_clock::time_point until,
                                 std::string& refusal) {
  refusal.clear();
  verify_name(stream, without_brackets(peer.host), refusal);
  co_await connect_to(beast::get_lowest_layer(stream), peer, until);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
}

std::string why_unreachable(const boost::system::error_code& failed, const std::string& refusal) {
  return refusal.empty() ? failed.message() : "its certificate is not accepted: " + refusal;
}

}  // namespace troupe
