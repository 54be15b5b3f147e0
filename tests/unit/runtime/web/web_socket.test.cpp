#include "runtime/web/web_socket.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>
#include <thread>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

using boost::asio::ip::tcp;

/// A proxy for one who comes; it reads the head of the request, and says a text.
class proxy {
 public:
  explicit proxy(std::string says) : acceptor_(io_, {tcp::v4(), 0}) {
    thread_ = std::thread{[this, says = std::move(says)] {
      tcp::socket peer{io_};
      acceptor_.accept(peer);
      boost::asio::streambuf head;
      boost::system::error_code failed;
      boost::asio::read_until(peer, head, "\r\n\r\n", failed);
      asked = {std::istreambuf_iterator<char>{&head}, {}};
      boost::asio::write(peer, boost::asio::buffer(says), failed);
    }};
    ::setenv("http_proxy", url("a:b@").c_str(), 1);
    ::setenv("https_proxy", url("").c_str(), 1);
    ::setenv("no_proxy", "direct.test", 1);
  }
  ~proxy() {
    end();
    for (const auto* name : {"http_proxy", "https_proxy", "no_proxy"})
      ::unsetenv(name);
  }
  void end() {
    if (thread_.joinable())
      thread_.join();
  }

  std::string asked;

 private:
  std::string url(const std::string& user) const {
    return "http://" + user + "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

std::string why_not_open(const std::string& url) {
  boost::asio::io_context io;
  const web_socket_request wanted{url};
  std::string why;
  boost::asio::co_spawn(
      io,
      [&]() -> boost::asio::awaitable<void> {
        const auto made = co_await open_web_socket(io, wanted);
        why = made ? std::string{"it is open"} : made.error().message;
      },
      [](const std::exception_ptr&) {});
  io.run();
  return why;
}

}  // namespace

TEST_CASE("a proxy that does not lead on is why a WebSocket cannot be opened") {
  proxy refusing{"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 4\r\n\r\nlost"};
  CHECK(why_not_open("ws://far.test/path") ==
        "far.test cannot be reached: its proxy answered 407: it wants a name and a password");
  refusing.end();
  CHECK(refusing.asked.starts_with("CONNECT far.test:80 HTTP/1.1\r\nHost: far.test:80\r\n"));
  CHECK(refusing.asked.find("\r\nProxy-Authorization: Basic YTpi\r\n") != std::string::npos);
}

TEST_CASE("a server by TLS is asked of its proxy, too, which hears nothing else") {
  proxy refusing{"HTTP/1.1 502 Bad Gateway\r\n\r\n"};
  CHECK(why_not_open("wss://far.test:8443/path") ==
        "far.test:8443 cannot be reached: its proxy answered 502 instead of leading there");
  refusing.end();
  CHECK(refusing.asked.starts_with("CONNECT far.test:8443 HTTP/1.1\r\n"));
  CHECK(refusing.asked.find("/path") == std::string::npos);
  CHECK(refusing.asked.find("Authorization") == std::string::npos);
}

TEST_CASE("a proxy that says nothing that is HTTP leads nowhere") {
  proxy strange{"SSH-2.0-x\r\n\r\n"};
  CHECK(why_not_open("ws://far.test").starts_with("far.test cannot be reached: "));
}

}  // namespace troupe
