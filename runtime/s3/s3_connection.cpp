#include "runtime/s3/s3_connection.hpp"

#include "runtime/web/web_connect.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

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
  const auto until = std::chrono::steady_clock::now() + limit_;
  const auto& where = signer_.location();
  const web_peer peer{host, std::to_string(where.port)};
  if (!where.tls) {
    auto opened = std::make_unique<channel_on<plain_stream>>(io_);
    co_await connect_to(opened->stream, peer, until);
    channel_ = std::move(opened);
  } else {
    auto opened = std::make_unique<channel_on<tls_stream>>(io_, tls_);
    co_await connect_to(opened->stream, peer, until, refusal_);
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
      co_return make_api_error(error_code::service_unavailable,
                               signer_.host_header(request.object.bucket) + " cannot be reached: " +
                                   why_unreachable(failed.code(), refusal_));
    }
  }
}

}  // namespace troupe
