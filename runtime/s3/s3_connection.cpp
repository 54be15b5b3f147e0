#include "runtime/s3/s3_connection.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <openssl/ssl.h>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {

constexpr std::uint64_t largest_answer = 8 * 1024 * 1024;

http::request<http::string_body> message_of(const s3_request& request, const s3_signer& signer) {
  http::request<http::string_body> message;
  message.method_string(request.verb);
  message.target(signer.target(request));
  message.version(11);
  message.set(http::field::host, signer.host_header(request.object.bucket));
  message.set(http::field::user_agent, "troupe");
  for (const auto& [name, value] : request.headers)
    message.set(name, value);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

std::string without_brackets(const std::string& host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

/// An open connection, with or without TLS.
struct s3_connection::channel {
  virtual ~channel() = default;
  virtual asio::awaitable<s3_answer> exchange(http::request<http::string_body>& message,
                                              std::chrono::seconds limit) = 0;
  bool lasts = true;  ///< the store takes another request on it
  bool used = false;  ///< it took one before
};

template <class Stream>
struct s3_connection::channel_on final : channel {
  template <class... Args>
  explicit channel_on(Args&&... args) : stream(std::forward<Args>(args)...) {}

  asio::awaitable<s3_answer> exchange(http::request<http::string_body>& message,
                                      std::chrono::seconds limit) override {
    lasts = false;
    beast::get_lowest_layer(stream).expires_after(limit);
    co_await http::async_write(stream, message, asio::use_awaitable);
    http::response_parser<http::string_body> parser;
    parser.body_limit(largest_answer);
    parser.skip(message.method() == http::verb::head);  // lengths of what does not come
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    lasts = parser.get().keep_alive();
    used = true;
    co_return s3_answer{parser.get().result_int(), std::move(parser.get().body())};
  }

  Stream stream;
  beast::flat_buffer buffer;
};

s3_connection::s3_connection(asio::io_context& io, asio::ssl::context& tls, const s3_signer& signer,
                             std::chrono::seconds limit)
    : io_(io), tls_(tls), signer_(signer), limit_(limit) {}

s3_connection::~s3_connection() = default;

void s3_connection::close() { channel_.reset(); }

asio::awaitable<void> s3_connection::open(const std::string& host) {
  channel_.reset();
  refusal_.clear();
  const auto& where = signer_.location();
  const auto name = without_brackets(host);
  tcp::resolver resolver{io_};
  const auto targets =
      co_await resolver.async_resolve(name, std::to_string(where.port), asio::use_awaitable);
  if (!where.tls) {
    auto opened = std::make_unique<channel_on<beast::tcp_stream>>(io_);
    opened->stream.expires_after(limit_);
    co_await opened->stream.async_connect(targets, asio::use_awaitable);
    channel_ = std::move(opened);
  } else {
    auto opened = std::make_unique<channel_on<beast::ssl_stream<beast::tcp_stream>>>(io_, tls_);
    auto& stream = opened->stream;
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback([this, check = asio::ssl::host_name_verification(name)](
                                   bool good, asio::ssl::verify_context& chain) {
      const bool fine = check(good, chain);
      if (!fine)
        refusal_ =
            good ? "it is not of that name"
                 : X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain.native_handle()));
      return fine;
    });
    boost::system::error_code no_address;
    asio::ip::make_address(name, no_address);
    if (no_address)  // only names are told
      SSL_set_tlsext_host_name(stream.native_handle(), name.c_str());
    beast::get_lowest_layer(stream).expires_after(limit_);
    co_await beast::get_lowest_layer(stream).async_connect(targets, asio::use_awaitable);
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    channel_ = std::move(opened);
  }
  host_ = host;
}

asio::awaitable<s3_answer> s3_connection::attempt(const s3_request& request) {
  const auto host = signer_.host(request.object.bucket);
  if (!channel_ || host != host_)
    co_await open(host);
  auto message = message_of(request, signer_);
  auto answer = co_await channel_->exchange(message, limit_);
  if (!channel_->lasts)
    channel_.reset();
  co_return answer;
}

asio::awaitable<outcome<s3_answer>> s3_connection::exchange(const s3_request& request) {
  // A connection that was kept may have been closed by the store meanwhile: then another is tried.
  for (;;) {
    const bool kept = channel_ && channel_->used;
    try {
      co_return co_await attempt(request);
    } catch (const boost::system::system_error& failed) {
      channel_.reset();
      if (kept && failed.code() != beast::error::timeout)
        continue;
      const auto why = refusal_.empty() ? failed.code().message()
                                        : "its certificate is not accepted: " + refusal_;
      co_return make_api_error(
          error_code::service_unavailable,
          signer_.host_header(request.object.bucket) + " cannot be reached: " + why);
    }
  }
}

}  // namespace troupe
