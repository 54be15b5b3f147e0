#include "runtime/web/web_connect.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <openssl/ssl.h>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
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

// What a proxy says instead of leading on, by the status of its answer.
class proxy_refusals final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "proxy"; }
  std::string message(int status) const override {
    return "its proxy answered " + std::to_string(status) +
           (status == 407 ? ": it wants a name and a password" : " instead of leading there");
  }
};

boost::system::error_code refused_by_proxy(int status) {
  static const proxy_refusals refusals;
  return {status, refusals};
}

asio::awaitable<void> connect_directly(plain_stream& stream, const std::string& host,
                                       const std::string& port,
                                       std::chrono::steady_clock::time_point until) {
  tcp::resolver resolver{stream.get_executor()};
  const auto targets =
      co_await resolver.async_resolve(without_brackets(host), port, asio::use_awaitable);
  stream.expires_at(until);
  co_await stream.async_connect(targets, asio::use_awaitable);
}

// Asks the proxy at the other end of the stream for a way there.
asio::awaitable<void> be_led_on(plain_stream& stream, const web_peer& peer) {
  const auto target = peer.host + ":" + peer.port;
  http::request<http::empty_body> request{http::verb::connect, target, 11};
  request.set(http::field::host, target);
  request.set(http::field::user_agent, "troupe");
  if (!peer.by->authorization.empty())
    request.set(http::field::proxy_authorization, peer.by->authorization);
  co_await http::async_write(stream, request, asio::use_awaitable);
  // Whoever is there says nothing before we do, so nothing is read beyond the head.
  beast::flat_buffer buffer;
  http::response_parser<http::empty_body> answer;
  answer.skip(true);
  co_await http::async_read_header(stream, buffer, answer, asio::use_awaitable);
  const auto status = answer.get().result_int();
  if (status / 100 != 2)
    throw boost::system::system_error{refused_by_proxy(static_cast<int>(status))};
}

}  // namespace

asio::awaitable<void> connect_to(plain_stream& stream, const web_peer& peer,
                                 std::chrono::steady_clock::time_point until) {
  const auto& host = peer.by ? peer.by->host : peer.host;
  const auto& port = peer.by ? peer.by->port : peer.port;
  co_await connect_directly(stream, host, port, until);
  if (peer.by)
    co_await be_led_on(stream, peer);
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
