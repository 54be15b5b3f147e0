#include "tests/unit/gateways/websocket/log_gateway.hpp"

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

void follow(log_gateway& gateway, socket_client& client, const std::string& query = {}) {
  const auto target = log_gateway::log_target() + query;
  REQUIRE(client.open(target, gateway.signature("GET", target)) == 101);
}

}  // namespace

TEST_CASE("a socket gets each piece as it is written, and closes with the log") {
  log_gateway gateway;
  gateway.append(0, "one\n");
  socket_client client{gateway.port()};
  follow(gateway, client);
  CHECK(client.receive_bytes(4) == "one\n");
  gateway.append(4, "two\n");
  CHECK(client.receive_bytes(4) == "two\n");
  gateway.append(8, "three\n");
  CHECK(client.receive_bytes(6) == "three\n");
  gateway.finish();
  CHECK(client.receive_all().empty());
  CHECK(client.close_code() == 1000);
}

TEST_CASE("a socket that comes back goes on where it was") {
  log_gateway gateway;
  gateway.append(0, "one\ntwo\n");
  {
    socket_client client{gateway.port()};
    follow(gateway, client);
    CHECK(client.receive_bytes(8) == "one\ntwo\n");
    client.vanish();
  }
  gateway.append(8, "three\n");
  socket_client client{gateway.port()};
  follow(gateway, client, "?offset=8");
  CHECK(client.receive_bytes(6) == "three\n");
  socket_client tail{gateway.port()};
  follow(gateway, tail, "?tail=2");
  CHECK(tail.receive_bytes(10) == "two\nthree\n");
  gateway.finish();
  CHECK(client.receive_all().empty());
}

TEST_CASE("a socket that reads late gets all of a long log, in order") {
  log_gateway gateway;
  gateway.append(0, "x");
  socket_client late{gateway.port()};
  follow(gateway, late);
  socket_client quick{gateway.port()};
  follow(gateway, quick);
  std::string whole = "x";
  for (int i = 0; i < 30; ++i) {
    const std::string part(1'000'000, static_cast<char>('a' + i % 26));
    REQUIRE(gateway.append(whole.size(), part).status == 200);
    REQUIRE(quick.receive_bytes(part.size() + (i == 0 ? 1 : 0)).back() == part.back());
    whole += part;
  }
  gateway.finish();
  CHECK(late.receive_all() == whole);
  CHECK(late.close_code() == 1000);
}

TEST_CASE("why a log cannot be followed is told by the close code") {
  log_gateway gateway;
  const auto target = log_gateway::log_target();
  {
    socket_client client{gateway.port()};
    follow(gateway, client);
    CHECK(client.receive_all().empty());
    CHECK(client.close_code() == 4404);
  }
  {
    socket_client client{gateway.port()};
    CHECK(client.open(target, "") == 101);
    CHECK(client.receive_all().empty());
    CHECK(client.close_code() == 4403);
    CHECK_FALSE(client.close_reason().empty());
  }
  {
    socket_client client{gateway.port()};
    follow(gateway, client, "?offset=x");
    CHECK(client.receive_all().empty());
    CHECK(client.close_code() == 4400);
  }
  {
    socket_client client{gateway.port()};
    CHECK(client.open(target, "Authorization: Hawk nonsense\r\n") == 401);
  }
}

TEST_CASE("what a follower says is not listened to") {
  log_gateway gateway;
  gateway.append(0, "one");
  socket_client client{gateway.port()};
  follow(gateway, client);
  client.send("hello?");
  CHECK(client.receive_bytes(3) == "one");
  gateway.append(3, "two");
  CHECK(client.receive_bytes(3) == "two");
}

}  // namespace troupe
