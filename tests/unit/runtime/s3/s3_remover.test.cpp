#include "runtime/s3/s3_remover.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

namespace {

/// A store on the io_context of the test, which answers as it is told.
class small_store {
 public:
  explicit small_store(asio::io_context& io) : acceptor_(io, {tcp::v4(), 0}) {
    asio::co_spawn(io, accept(), asio::detached);
  }

  std::string endpoint() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  void stop() { acceptor_.close(); }

  unsigned status = 204;
  std::string body;
  /// So many requests are answered on a connection, which then ends without a word.
  int per_connection = 1000;
  bool silent = false;  ///< nothing is answered
  std::vector<std::string> requests;
  int connections = 0;

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
      ++connections;
      asio::co_spawn(acceptor_.get_executor(), serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::tcp_stream stream{std::move(socket)};
    boost::beast::flat_buffer buffer;
    for (int i = 0; i < per_connection; ++i) {
      http::request<http::string_body> request;
      co_await http::async_read(stream, buffer, request, asio::use_awaitable);
      if (silent)
        continue;
      requests.push_back(std::string{request.method_string()} + " " +
                         std::string{request.target()});
      http::response<http::string_body> response{static_cast<http::status>(status), 11};
      response.body() = body;
      response.prepare_payload();
      co_await http::async_write(stream, response, asio::use_awaitable);
    }
  }

  tcp::acceptor acceptor_;
};

/// A remover, and what became of what it was to remove.
struct removal {
  explicit removal(asio::io_context& io, const std::string& endpoint, s3_remover_options options)
      : signer(s3_location_of(endpoint, "us-east-1", s3_addressing::path), {"id", "secret"}),
        remover(io, time, signer, options,
                [this](const std::string& text) { troubles.push_back(text); }) {}

  void remove(const std::string& key, const std::string& bucket = "pub") {
    remover.remove({bucket, key}, [this, key](const outcome<void>& done) {
      results[key] = done ? std::string{"gone"} : done.error().message;
    });
  }

  void run_until(asio::io_context& io, std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (results.size() < count && std::chrono::steady_clock::now() < end)
      io.run_one_for(100ms);
    REQUIRE(results.size() == count);
  }

  system_clock time;
  s3_signer signer;
  std::map<std::string, std::string> results;
  std::vector<std::string> troubles;
  s3_remover remover;
};

using strings = std::vector<std::string>;

}  // namespace

TEST_CASE("AR-20 what is wanted at once goes by one request for each bucket") {
  asio::io_context io;
  small_store store{io};
  store.status = 200;
  store.body = "<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code></Error></DeleteResult>";
  removal job{io, store.endpoint(), {}};
  job.remove("a");
  job.remove("b");
  job.remove("c", "priv");
  job.run_until(io, 3);
  CHECK(store.requests == strings{"POST /pub?delete=", "POST /priv?delete="});
  CHECK(store.connections == 1);
  CHECK(job.results["a"] == "gone");
  CHECK(job.results["b"] == "AccessDenied");
  CHECK(job.results["c"] == "gone");
  CHECK(job.troubles ==
        strings{"object 'b' of bucket 'pub' could not be removed, which is tried again later: "
                "AccessDenied"});
}

TEST_CASE("no request is larger than a store takes, and odd keys go alone") {
  asio::io_context io;
  small_store store{io};
  store.status = 200;
  store.body = "<DeleteResult/>";
  s3_remover_options options;
  options.most_at_once = 2;
  removal job{io, store.endpoint(), options};
  for (const auto* key : {"a", "b", "c", "\xc3\xa4", "d"})
    job.remove(key);
  job.run_until(io, 5);
  CHECK(store.requests == strings{"POST /pub?delete=", "POST /pub?delete=", "DELETE /pub/%C3%A4",
                                  "POST /pub?delete="});
  CHECK(job.troubles.empty());
}

TEST_CASE("a connection that the store has closed meanwhile is opened again") {
  asio::io_context io;
  small_store store{io};
  store.per_connection = 2;
  s3_remover_options options;
  options.bulk = false;
  removal job{io, store.endpoint(), options};
  for (const auto* key : {"a", "b", "c", "d", "e"})
    job.remove(key);
  job.run_until(io, 5);
  CHECK(store.requests.size() == 5);
  CHECK(store.connections == 3);
  CHECK(job.troubles.empty());
}

TEST_CASE("EX-3 when the store cannot be reached all that waits fails at once, with one report") {
  asio::io_context io;
  small_store store{io};
  s3_remover_options options;
  options.bulk = false;
  removal job{io, store.endpoint(), options};
  store.stop();
  for (const auto* key : {"a", "b", "c"})
    job.remove(key);
  job.run_until(io, 3);
  REQUIRE(job.troubles.size() == 1);
  CHECK(job.troubles.front().starts_with(
      "3 objects could not be removed, which is tried again later: 127.0.0.1:"));
  CHECK(job.results["c"].find("cannot be reached: ") != std::string::npos);
}

TEST_CASE("a store that does not answer is given up, and asked again for what comes later") {
  asio::io_context io;
  small_store store{io};
  store.silent = true;
  s3_remover_options options;
  options.limit = 1s;
  removal job{io, store.endpoint(), options};
  job.remove("a");
  job.run_until(io, 1);
  CHECK(job.troubles.size() == 1);
  store.silent = false;
  store.status = 200;
  store.body = "<DeleteResult/>";
  job.remove("b");
  job.run_until(io, 2);
  CHECK(job.results["b"] == "gone");
}

TEST_CASE("a remover may go while the store is asked") {
  asio::io_context io;
  small_store store{io};
  store.silent = true;
  auto job = std::make_unique<removal>(io, store.endpoint(), s3_remover_options{});
  job->remove("a");
  while (store.connections == 0)
    io.run_one_for(100ms);
  CHECK(job->results.empty());
  // What waits goes with the io_context, and is never told.
}
