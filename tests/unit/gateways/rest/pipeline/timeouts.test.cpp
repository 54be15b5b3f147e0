#include "gateways/rest/door_routes.hpp"
#include "gateways/rest/http_lane.hpp"
#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/socket.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp now{1'764'000'000'000};

void waits(request_context& call) { (void)call.await_answer(); }
void claims(request_context& call) { (void)call.await_claim("proj/ci"); }

const std::vector<api_method>& rows() {
  static const auto all = [] {
    api_method row;
    row.service = "t";
    row.name = "waits";
    row.verb = "GET";
    row.route = "/waits";
    auto claim = row;
    claim.name = "claims";
    claim.route = "/claims";
    return std::vector<api_method>{row, claim};
  }();
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  return name == "claims" ? claims : waits;
}

/// One session under a clock that stands still; the test holds the other end of its connection.
struct timed_session {
  door_routes routes;
  pipeline_bench at;
  std::unique_ptr<http_lane> sessions;
  int peer = -1;

  timed_session()
      : at("/api/t/v1", rows(), find,
           std::make_shared<auth_snapshot>(std::vector<client_record>{}, std::vector<role>{}),
           now) {
    at.config.log_requests = false;
    sessions = std::make_unique<http_lane>(*at.api, routes, at.config);
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    peer = ends[0];
    at.on_lane([&] {
      sessions->expect_one();
      sessions->adopt({ends[1], false, "127.0.0.1", nullptr});
    });
  }
  ~timed_session() {
    at.on_lane([&] { sessions->close_all(); });
    ::close(peer);
    run();
  }

  /// Lets the lane do what is ready.
  void run() {
    at.on_lane([] {});
    at.on->io().restart();
    at.on->io().poll();
  }

  void send(std::string_view text) {
    REQUIRE(::send(peer, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
    run();
  }

  /// Moves the clock and lets the sessions look at it.
  void after(std::chrono::seconds time) {
    at.time.advance(time);
    at.on_lane([&] { sessions->on_timer(); });
    run();
  }

  std::string received() {
    char piece[4096];
    const auto n = ::recv(peer, piece, sizeof piece, MSG_DONTWAIT);
    return n > 0 ? std::string(piece, static_cast<std::size_t>(n)) : std::string{};
  }

  bool open() const { return sessions->connections() == 1; }
};

using std::chrono::seconds;

}  // namespace

TEST_CASE("API-16 an idle connection is kept for the keep-alive time, at least 90 s") {
  timed_session session;
  CHECK(session.at.config.keep_alive_s >= 90);
  session.after(seconds{95});
  CHECK(session.open());
  session.after(seconds{1});
  CHECK_FALSE(session.open());
}

TEST_CASE("a head that does not come to its end closes the connection") {
  timed_session session;
  session.send("GET /api/t/v1/waits HT");
  session.after(seconds{30});
  CHECK(session.open());
  session.send("TP/1.1\r\nX-Slow: ");
  session.after(seconds{1});
  CHECK_FALSE(session.open());
}

TEST_CASE("a body that pauses too long closes the connection, a slow one does not") {
  timed_session session;
  session.send("POST /api/t/v1/none HTTP/1.1\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    session.send("x");
    session.after(seconds{50});
    CHECK(session.open());
  }
  session.after(seconds{20});
  CHECK_FALSE(session.open());
}

TEST_CASE("an answer that does not come is 503, a waiting claim may wait longer") {
  timed_session session;
  session.send("GET /api/t/v1/waits HTTP/1.1\r\n\r\n");
  session.after(seconds{25});
  CHECK(session.received().empty());
  session.after(seconds{1});
  CHECK(session.received().starts_with("HTTP/1.1 503 "));
  CHECK(session.open());

  session.send("GET /api/t/v1/claims HTTP/1.1\r\n\r\n");
  session.after(seconds{45});
  CHECK(session.received().empty());
  session.after(seconds{1});
  CHECK(session.received().starts_with("HTTP/1.1 503 "));
}

TEST_CASE("a peer that takes nothing of its response is closed") {
  timed_session session;
  session.send("GET /api/t/v1/waits HTTP/1.1\r\n\r\n");
  session.at.on_lane([&] {
    session.at.on->deliver({0, 0, 0, 1}, answer(std::string(10'000'000, 'x')));
  });
  session.after(seconds{60});
  CHECK(session.open());
  // It takes what is in the socket, a little of the whole, which is enough.
  CHECK(session.received().starts_with("HTTP/1.1 200 "));
  while (!session.received().empty()) {
  }
  session.run();
  session.after(seconds{60});
  CHECK(session.open());
  session.after(seconds{61});
  CHECK_FALSE(session.open());
}

TEST_CASE("a peer that does not close after its last answer is closed") {
  timed_session session;
  session.send("GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(session.received().starts_with("HTTP/1.1 404 "));
  CHECK(session.open());
  session.after(seconds{6});
  CHECK_FALSE(session.open());
}
