#include "runtime/web/web_socket.hpp"

#include "runtime/web/web_connect.hpp"
#include "runtime/web/web_message.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <cstdlib>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t longest_message = 1024 * 1024;
constexpr std::size_t longest_reason = 120;
constexpr auto silence = std::chrono::seconds{60};
constexpr auto patience_with_close = std::chrono::seconds{5};

template <class Stream>
class socket_of final : public web_socket {
 public:
  template <class... Arguments>
  explicit socket_of(Arguments&&... arguments) : socket_(std::forward<Arguments>(arguments)...) {}

  websocket::stream<Stream>& stream() { return socket_; }

  // What its certificate is refused for; written to as long as there is a stream.
  std::shared_ptr<std::string> refusal = std::make_shared<std::string>();

  // After the connection below is there. The answer of HTTP is good or not.
  asio::awaitable<void> upgrade(const web_socket_request& request, const web_location& where,
                                http::response<http::string_body>& answer) {
    beast::get_lowest_layer(socket_).expires_never();
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = request.limit;
    limits.idle_timeout = silence;
    limits.keep_alive_pings = true;
    socket_.set_option(limits);
    socket_.read_message_max(longest_message);
    socket_.set_option(
        websocket::stream_base::decorator([&request](websocket::request_type& message) {
          message.set(http::field::user_agent, "troupe");
          for (const auto& [name, value] : request.headers)
            message.set(name, value);
        }));
    boost::system::error_code failed;
    co_await socket_.async_handshake(answer, where.authority, where.path,
                                     asio::redirect_error(asio::use_awaitable, failed));
    if (failed && failed != websocket::error::upgrade_declined)
      throw boost::system::system_error{failed};
    socket_.binary(true);
  }

  asio::awaitable<std::optional<std::string>> read() override {
    beast::flat_buffer buffer;
    boost::system::error_code failed;
    co_await socket_.async_read(buffer, asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
      co_return std::nullopt;
    co_return beast::buffers_to_string(buffer.data());
  }

  asio::awaitable<bool> write(std::string_view bytes) override {
    boost::system::error_code failed;
    co_await socket_.async_write(asio::buffer(bytes.data(), bytes.size()),
                                 asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed;
  }

  asio::awaitable<void> close(std::uint16_t code, std::string_view reason) override {
    const websocket::close_reason said{static_cast<websocket::close_code>(code),
                                       reason.substr(0, longest_reason)};
    websocket::stream_base::timeout limits{};
    limits.handshake_timeout = patience_with_close;  // which counts for the farewell, too
    limits.idle_timeout = websocket::stream_base::none();
    socket_.set_option(limits);
    boost::system::error_code failed;
    co_await socket_.async_close(said, asio::redirect_error(asio::use_awaitable, failed));
  }

  void drop() override { beast::get_lowest_layer(socket_).close(); }

  ending how_it_ended() const override {
    const auto& reason = socket_.reason();
    return {static_cast<std::uint16_t>(reason.code), std::string{reason.reason.c_str()}};
  }

 private:
  websocket::stream<Stream> socket_;
};

// One for all: it reads many files.
asio::ssl::context& authorities_of_the_system() {
  static asio::ssl::context context = [] {
    asio::ssl::context made{asio::ssl::context::tls_client};
    made.set_default_verify_paths();
    return made;
  }();
  return context;
}

api_error refused(const http::response<http::string_body>& answer, const std::string& authority) {
  const auto status = answer.result_int();
  const auto code = status == 401   ? error_code::authentication_failed
                    : status == 403 ? error_code::insufficient_scopes
                    : status == 404 ? error_code::resource_not_found
                    : status < 500  ? error_code::input_error
                                    : error_code::service_unavailable;
  return make_api_error(
      code, authority + " answered " + std::to_string(status) + " instead of opening a WebSocket");
}

// `ws` is `http` with another name, as far as a connection is concerned.
std::string as_http(const std::string& url) {
  return url.starts_with("ws") ? "http" + url.substr(2) : url;
}

}  // namespace

// What is awaited takes no temporaries: GCC 12 destroys some of them twice.
asio::awaitable<outcome<std::unique_ptr<web_socket>>> open_web_socket(
    asio::io_context& io, const web_socket_request& request) {
  const web_request plain{"GET", as_http(request.url), {}};
  const auto where = location_of(plain);
  const auto until = std::chrono::steady_clock::now() + request.limit;
  auto by = proxy_for(where, [](const char* name) { return std::getenv(name); });
  if (!by)
    co_return make_api_error(error_code::service_unavailable,
                             where.authority + " cannot be reached: " + by.error().message);
  const web_peer peer{where.host, where.port, std::move(*by)};
  std::unique_ptr<web_socket> made;
  std::shared_ptr<std::string> refusal;
  http::response<http::string_body> answer;
  try {
    if (where.tls) {
      auto socket = std::make_unique<socket_of<tls_stream>>(io, authorities_of_the_system());
      refusal = socket->refusal;
      co_await connect_to(socket->stream().next_layer(), peer, until, *refusal);
      co_await socket->upgrade(request, where, answer);
      made = std::move(socket);
    } else {
      auto socket = std::make_unique<socket_of<plain_stream>>(io);
      co_await connect_to(socket->stream().next_layer(), peer, until);
      co_await socket->upgrade(request, where, answer);
      made = std::move(socket);
    }
  } catch (const boost::system::system_error& failed) {
    co_return make_api_error(
        error_code::service_unavailable,
        where.authority + " cannot be reached: " +
            why_unreachable(failed.code(), refusal ? *refusal : std::string{}));
  }
  if (answer.result() != http::status::switching_protocols)
    co_return refused(answer, where.authority);
  co_return made;
}

}  // namespace troupe
