#include "runtime/web/web_client.hpp"

#include "messages/ascii_case.hpp"
#include "runtime/web/web_connect.hpp"
#include "runtime/web/web_head.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace troupe {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

namespace {

constexpr std::uint64_t largest_answer = 1024 * 1024;

http::request<http::string_body> message_of(const web_request& request, const web_location& where) {
  auto message = head_of<http::string_body>(request, where);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

web_answer answer_of(http::response<http::string_body>&& message) {
  web_answer answer;
  answer.status = message.result_int();
  for (const auto& field : message) {
    answer.headers.emplace_back(lower_case(field.name_string()), std::string{field.value()});
  }
  answer.body = std::move(message.body());
  return answer;
}

}  // namespace

web_client::web_client(asio::io_context& io, std::chrono::seconds limit) : io_(io), limit_(limit) {}

asio::ssl::context& web_client::tls() {
  if (!tls_) {
    tls_.emplace(asio::ssl::context::tls_client);
    tls_->set_default_verify_paths();
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
  const web_peer peer{where.host, where.port};
  if (!where.tls) {
    plain_stream stream{io_};
    co_await connect_to(stream, peer, until);
    co_return co_await converse(stream, request, where);
  }
  tls_stream stream{io_, tls()};
  co_await connect_to(stream, peer, until, refusal);
  co_return co_await converse(stream, request, where);
}

asio::awaitable<outcome<web_answer>> web_client::exchange(web_request request) {
  const auto where = location_of(request);
  std::string refusal;
  try {
    co_return co_await attempt(request, where, refusal);
  } catch (const boost::system::system_error& failed) {
    co_return make_api_error(
        error_code::service_unavailable,
        where.authority + " cannot be reached: " + why_unreachable(failed.code(), refusal));
  }
}

}  // namespace troupe
