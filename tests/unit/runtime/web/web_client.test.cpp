#include "runtime/web/web_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <thread>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

using boost::asio::ip::tcp;

/// A server that takes one connection, reads the head of a request and says a text; without a text
/// it says nothing until the peer has gone.
class server {
 public:
  explicit server(std::string says) : acceptor_(io_, {tcp::v4(), 0}), says_(std::move(says)) {
    thread_ = std::thread{[this] { serve(); }};
  }
  ~server() { thread_.join(); }

  std::string endpoint(std::string scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  void serve() {
    tcp::socket peer{io_};
    acceptor_.accept(peer);
    boost::asio::streambuf head;
    boost::system::error_code failed;
    if (says_.empty()) {
      boost::asio::read_until(peer, head, "never", failed);
      return;
    }
    boost::asio::read_until(peer, head, "\r\n\r\n", failed);
    boost::asio::write(peer, boost::asio::buffer(says_), failed);
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string says_;
  std::thread thread_;
};

outcome<web_answer> ask(const std::string& endpoint,
                        std::chrono::seconds limit = std::chrono::seconds{10}) {
  boost::asio::io_context io;
  web_client client{io, limit};
  web_request wanted{"GET", endpoint, "/path?x=1"};
  std::optional<outcome<web_answer>> got;
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        auto answer = co_await client.exchange(std::move(wanted));
        got.emplace(std::move(answer));
      },
      [](const std::exception_ptr&) {});
  io.run();
  return std::move(got.value());
}

}  // namespace

TEST_CASE("an answer of any status is one") {
  const server one{"HTTP/1.1 418 Teapot\r\nX-Name: value\r\nContent-Length: 5\r\n\r\nhello"};
  const auto got = ask(one.endpoint());
  REQUIRE(got.has_value());
  CHECK(got->status == 418);
  CHECK(got->header("x-name") == "value");
  CHECK(got->body == "hello");
}

TEST_CASE("a server that takes the request and never answers is given up") {
  const server silent{""};
  const auto got = ask(silent.endpoint(), std::chrono::seconds{1});
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == error_code::service_unavailable);
  CHECK(got.error().message.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("what is no answer, too long, or cut off is an error") {
  for (const auto& text : {std::string{"SSH-2.0-x\r\n\r\n"},
                           std::string{"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\nx"},
                           std::string{"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"}}) {
    const server wrong{text};
    const auto got = ask(wrong.endpoint());
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code == error_code::service_unavailable);
  }
}

TEST_CASE("a server that nobody vouches for, or that does not listen, is an error") {
  const server clear{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n\r\n"};
  const auto got = ask(clear.endpoint("https"), std::chrono::seconds{1});
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().code == error_code::service_unavailable);
  CHECK_FALSE(ask("http://127.0.0.1:1").has_value());
}

}  // namespace troupe
