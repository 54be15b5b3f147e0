#include "runtime/web/web_channel.hpp"

#include "messages/ascii_case.hpp"
#include "runtime/web/web_connect.hpp"
#include "runtime/web/web_head.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <utility>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

http::request<http::empty_body> message_of(const web_request& request, const web_location& where,
                                           std::uint64_t body_bytes) {
  auto message = head_of<http::empty_body>(request, where);
  if (request.verb == "PUT" || request.verb == "POST")
    message.set(http::field::content_length, std::to_string(body_bytes));
  return message;
}

}  // namespace

/// A connection, with or without TLS.
struct web_channel::stream {
  virtual ~stream() = default;
  virtual asio::awaitable<void> send_head(const http::request<http::empty_body>& message) = 0;
  virtual asio::awaitable<void> send(std::string_view bytes) = 0;
  virtual asio::awaitable<void> read_head() = 0;
  virtual asio::awaitable<std::size_t> read(char* to, std::size_t most) = 0;

  http::response_parser<http::buffer_body> parser;
};

template <class Of>
struct web_channel::stream_on final : stream {
  template <class... Args>
  explicit stream_on(std::chrono::seconds longest, Args&&... args)
      : of(std::forward<Args>(args)...), limit(longest) {
    parser.body_limit(boost::none);
  }

  void hurry() { beast::get_lowest_layer(of).expires_after(limit); }

  asio::awaitable<void> send_head(const http::request<http::empty_body>& message) override {
    hurry();
    parser.skip(message.method() == http::verb::head);
    http::request_serializer<http::empty_body> head{message};
    co_await http::async_write_header(of, head, asio::use_awaitable);
  }

  asio::awaitable<void> send(std::string_view bytes) override {
    hurry();
    co_await asio::async_write(of, asio::buffer(bytes.data(), bytes.size()), asio::use_awaitable);
  }

  asio::awaitable<void> read_head() override {
    hurry();
    co_await http::async_read_header(of, buffer, parser, asio::use_awaitable);
  }

  asio::awaitable<std::size_t> read(char* to, std::size_t most) override {
    auto& body = parser.get().body();
    body.data = to;
    body.size = most;
    while (!parser.is_done() && body.size == most) {
      hurry();
      boost::system::error_code failed;
      co_await http::async_read(of, buffer, parser,
                                asio::redirect_error(asio::use_awaitable, failed));
      if (failed && failed != http::error::need_buffer)
        throw boost::system::system_error(failed);
    }
    co_return most - body.size;
  }

  Of of;
  std::chrono::seconds limit;
  beast::flat_buffer buffer;
};

web_channel::web_channel(asio::io_context& io, asio::ssl::context& tls, std::chrono::seconds limit)
    : io_(io), tls_(tls), limit_(limit) {}

web_channel::~web_channel() = default;

asio::awaitable<void> web_channel::begin(web_request request, std::uint64_t body_bytes) {
  const auto where = location_of(request);
  const web_peer peer{where.host, where.port};
  const auto until = std::chrono::steady_clock::now() + limit_;
  if (where.tls) {
    auto made = std::make_unique<stream_on<tls_stream>>(limit_, io_, tls_);
    co_await connect_to(made->of, peer, until, refusal_);
    stream_ = std::move(made);
  } else {
    auto made = std::make_unique<stream_on<plain_stream>>(limit_, io_);
    co_await connect_to(made->of, peer, until);
    stream_ = std::move(made);
  }
  const auto message = message_of(request, where, body_bytes);
  co_await stream_->send_head(message);
}

asio::awaitable<void> web_channel::send(std::string_view bytes) { co_await stream_->send(bytes); }

asio::awaitable<web_answer> web_channel::head() {
  co_await stream_->read_head();
  const auto& message = stream_->parser.get();
  web_answer answer;
  answer.status = message.result_int();
  for (const auto& field : message)
    answer.headers.emplace_back(lower_case(field.name_string()), std::string{field.value()});
  co_return answer;
}

asio::awaitable<std::string> web_channel::receive(std::size_t most) {
  std::string piece(most, '\0');
  piece.resize(co_await stream_->read(piece.data(), most));
  co_return piece;
}

std::string web_channel::why(const boost::system::system_error& failed) const {
  return why_unreachable(failed.code(), refusal_);
}

}  // namespace troupe
