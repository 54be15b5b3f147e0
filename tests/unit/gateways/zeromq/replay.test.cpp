#include "tests/unit/gateways/zeromq/bus_bench.hpp"

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

std::string id_of(const frames& message) {
  return std::string{json_of(message.at(2)).at("id").as_string()};
}

}  // namespace

TEST_CASE("a replay gives all shards from two seconds before the event") {
  bus_bench bus;
  bus.write_log(0, 10'000, 1, 3);
  bus.write_log(63, 7'000, 1, 2);
  bus.write_log(5, 50'000, 1, 1);
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  const auto got = client.replay(R"({"after":"10002-0.2"})");
  REQUIRE(got.size() == 5);
  CHECK(id_of(got[0]) == "10001-0.1");
  CHECK(id_of(got[1]) == "10002-0.2");
  CHECK(id_of(got[2]) == "10003-0.3");
  CHECK(id_of(got[3]) == "50001-5.1");
  CHECK(got[0][0] == "MSG");
  CHECK(got[0][1] == "exchange/q/v1/e|primary.k.");
  const auto meta = json_of(got[0][2]);
  CHECK(meta.at("redelivered") == true);
  CHECK(meta.at("cc") == boost::json::array{"route.a", "route.b.c"});
  CHECK(meta.at("time") == "1970-01-01T00:00:10.001Z");
  CHECK(got[0][3] == R"({"n":1})");
  CHECK(got[4][0] == "END");
  CHECK(json_of(got[4][1]) ==
        boost::json::object{{"events", 4},
                            {"gap", false},
                            {"newest", boost::json::array{"10003-0.3", "50001-5.1"}}});
  CHECK(client.replay("{}").size() == 7);
  CHECK(client.replay(R"({"after":"60000-0.2"})").size() == 1);
}

TEST_CASE("a replay has the streams of services, and begins behind an event of theirs") {
  bus_bench bus;
  bus.write_log(2, 20'000, 1, 2);
  bus.write_log(auth_stream, 20'000, 1, 2);
  bus.write_log(published_stream, 60'000, 8, 8);
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  const auto got = client.replay("{}");
  REQUIRE(got.size() == 6);
  CHECK(id_of(got[2]) == "20001-auth.1");
  CHECK(id_of(got[4]) == "60008-published.8");
  CHECK(json_of(got[5][1]).at("newest") ==
        boost::json::array{"20002-2.2", "20002-auth.2", "60008-published.8"});
  const auto gap_after = [&client](const std::string& id) {
    const auto answered = client.replay("{\"after\":\"" + id + "\"}");
    return json_of(answered.back().at(1)).at("gap").as_bool();
  };
  CHECK_FALSE(gap_after("60007-published.7"));
  CHECK(gap_after("60003-published.3"));
  CHECK(gap_after("20002-auth.2"));  // of `published` seven are gone
  CHECK(client.replay(R"({"after":"1-nobody.1"})").back()[0] == "ERROR");
}

TEST_CASE("a replay can be of one exchange, and of what matches a pattern") {
  bus_bench bus;
  bus.write_log(1, 1000, 1, 2, "exchange/q/v1/a", "primary.x.y");
  bus.write_log(2, 1000, 1, 3, "exchange/q/v1/b", "primary.z");
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  CHECK(client.replay(R"({"exchange":"exchange/q/v1/a","fromSeq":"1001-1.1"})").size() == 3);
  CHECK(client.replay(R"({"pattern":"*.z"})").size() == 4);
  CHECK(client.replay(R"({"pattern":"route.#"})").size() == 6);
  CHECK(client.replay(R"({"exchange":"exchange/q/v1/a","pattern":"*.z"})").size() == 1);
}

TEST_CASE("a log that was cut since then has a gap") {
  bus_bench bus;
  bus.write_log(4, 100'000, 10, 20);
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  const auto gap = [&client](const std::string& after) {
    const auto got = client.replay("{\"after\":\"" + after + "\"}");
    return json_of(got.back().at(1)).at("gap").as_bool();
  };
  CHECK(gap("100000-4.3"));
  CHECK(gap("90000-7.1"));
  CHECK(gap("101000-7.1"));
  CHECK_FALSE(gap("100009-4.9"));
  CHECK_FALSE(gap("103000-7.1"));
  bus.write_log(5, 100'000, 1, 2);
  CHECK_FALSE(gap("103000-7.1"));
}

TEST_CASE("a client that reads late gets all of a long replay, and holds up nobody") {
  bus_bench bus;
  constexpr std::uint64_t many = 60'000;
  bus.write_log(6, 1000, 1, many);
  bus_client slow{zmq::socket_type::dealer};
  slow.socket.set(zmq::sockopt::rcvhwm, 100);
  slow.connect(bus.gateway.router_port());
  slow.send({"REPLAY", "{}"});
  slow.send({"REPLAY", R"({"after":"999999-6.1"})"});
  bus_client quick{zmq::socket_type::dealer};
  quick.connect(bus.gateway.router_port());
  CHECK(quick.replay(R"({"after":"64000-6.1"})").size() == 1);
  for (std::uint64_t n = 1; n <= many; ++n) {
    const auto got = slow.receive_any();
    REQUIRE(got.size() == 4);
    REQUIRE(got[3] == "{\"n\":" + std::to_string(n) + "}");
  }
  CHECK(slow.receive_any()[0] == "END");
  CHECK(slow.receive_any()[1] == R"({"events":0,"gap":false,"newest":[]})");
}

TEST_CASE("a request that makes no sense is answered with what is wrong") {
  bus_bench bus;
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  const auto complaint = [&client](const frames& words) {
    client.send(words);
    const auto got = client.receive_any();
    REQUIRE(got.size() == 2);
    CHECK(got[0] == "ERROR");
    return std::string{json_of(got[1]).at("message").as_string()};
  };
  CHECK(complaint({"DECLARE", "{}"}).find("REPLAY") != std::string::npos);
  CHECK(complaint({"REPLAY", "[]"}).find("JSON object") != std::string::npos);
  CHECK(complaint({"REPLAY", "{"}).find("JSON object") != std::string::npos);
  CHECK(complaint({"REPLAY", R"({"after":"x"})"}).find("'x'") != std::string::npos);
  CHECK(complaint({"REPLAY", R"({"after":7})"}).find("'after'") != std::string::npos);
  CHECK(complaint({"REPLAY", R"({"who":"me"})"}).find("'who'") != std::string::npos);
  client.send({"REPLAY"});
  CHECK(client.receive_any()[0] == "END");
}

TEST_CASE("a REQ socket may ask, too") {
  bus_bench bus;
  bus_client client{zmq::socket_type::req};
  client.connect(bus.gateway.router_port());
  client.send({"REPLAY", "{}"});
  CHECK(client.receive_any()[0] == "END");
}

TEST_CASE("without Redis a replay says so, and works again afterwards") {
  bus_bench bus;
  bus.write_log(1, 1000, 1, 2);
  bus_client client{zmq::socket_type::dealer};
  client.connect(bus.gateway.router_port());
  CHECK(client.replay("{}").size() == 3);
  bus.redis.kill();
  const auto refused = client.replay("{}");
  CHECK(refused.back()[0] == "ERROR");
  CHECK(refused.back()[1].find("ask again") != std::string::npos);
  bus.redis.start();
  CHECK(client.replay("{}").back()[0] == "END");
}

}  // namespace troupe
