#include "runtime/web/web_client.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <openssl/ssl.h>

#include <algorithm>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr std::uint64_t largest_answer = 1024 * 1024;

http::request<http::string_body> message_of(const web_request& request, const web_location& where) {
  http::request<http::string_body> message;
  message.method_string(request.verb);
  message.target(where.path);
  message.version(11);
  message.set(http::field::host, where.authority);
  message.set(http::field::user_agent, "troupe");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers)
    message.set(name, value);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

web_answer answer_of(http::response<http::string_body>&& message) {
  web_answer answer;
  answer.status = message.result_int();
  for (const auto& field : message) {
    std::string name{field.name_string()};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    answer.headers.emplace_back(std::move(name), std::string{field.value()});
  }
  answer.body = std::move(message.body());
  return answer;
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

web_client::web_client(asio::io_context& io, std::chrono::seconds limit) : io_(io), limit_(limit) {}

asio::ssl::context& web_client::tls() {
  if (!tls_) {
    tls_.emplace(asio::ssl::context::tls_client);
    tls_->set_default_verify_paths();
    tls_->set_verify_mode(asio::ssl::verify_peer);
  }
  return *tls_;
}

template <class Stream>
asio::awaitable<web_answer> web_client::converse(Stream& stream, const web_request& request,
                                                 const web_location& where) {
  const auto message = message_of(request, where);
  co_await http::async_write(stream, message, asio::use_awaitable);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(largest_answer);
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  co_return answer_of(parser.release());
}

asio::awaitable<web_answer> web_client::attempt(const web_request& request,
                                                const web_location& where, std::string& refusal) {
  const auto until = std::chrono::steady_clock::now() + limit_;
  const auto name = without_brackets(where.host);
  tcp::resolver resolver{io_};
  const auto targets = co_await resolver.async_resolve(name, where.port, asio::use_awaitable);
  if (!where.tls) {
    beast::tcp_stream stream{io_};
    stream.expires_at(until);
    co_await stream.async_connect(targets, asio::use_awaitable);
    co_return co_await converse(stream, request, where);
  }
  beast::ssl_stream<beast::tcp_stream> stream{io_, tls()};
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
  auto& below = beast::get_lowest_layer(stream);
  below.expires_at(until);
  co_await below.async_connect(targets, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_return co_await converse(stream, request, where);
}

asio::awaitable<outcome<web_answer>> web_client::exchange(web_request request) {
  const auto where = location_of(request);
  std::string refusal;
  try {
    co_return co_await attempt(request, where, refusal);
  } catch (const boost::system::system_error& failed) {
    const auto why =
        refusal.empty() ? failed.code().message() : "its certificate is not accepted: " + refusal;
    co_return make_api_error(error_code::service_unavailable,
                             where.authority + " cannot be reached: " + why);
  }
}

}  // namespace troupe
