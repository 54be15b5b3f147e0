#include "tests/unit/gateways/zeromq/bus_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <thread>

namespace troupe {

TEST_CASE("an event goes out once for each of its keys, with one id") {
  bus_bench bus;
  bus_client client{zmq::socket_type::sub};
  client.subscribe(bus.gateway.pub_port(), {"exchange/"});
  bus.tell(7, "exchange/q/v1/task-pending", "primary.t.0._", {"route.index.x", "route.b"}, 5);
  const auto first = client.receive();
  REQUIRE(first.size() == 3);
  CHECK(first[0] == "exchange/q/v1/task-pending|primary.t.0._.");
  CHECK(first[2] == R"({"é":"payload \" bytes"})");
  const auto meta = json_of(first[1]);
  CHECK(meta.at("id") == "1764000000007-5.7");
  CHECK(meta.at("seq") == "1764000000007-5.7");
  CHECK(meta.at("exchange") == "exchange/q/v1/task-pending");
  CHECK(meta.at("routingKey") == "primary.t.0._");
  CHECK(meta.at("cc") == boost::json::array{"route.index.x", "route.b"});
  CHECK(meta.at("time") == "2025-11-24T16:00:00.007Z");
  CHECK(meta.at("redelivered") == false);
  CHECK(client.receive()[0] == "exchange/q/v1/task-pending|route.index.x.");
  const auto last = client.receive();
  CHECK(last[0] == "exchange/q/v1/task-pending|route.b.");
  CHECK(last[1] == first[1]);
  CHECK(last[2] == first[2]);
}

TEST_CASE("a subscriber gets the keys it asked for, up to whole words") {
  bus_bench bus;
  bus_client client{zmq::socket_type::sub};
  client.subscribe(bus.gateway.pub_port(), {"exchange/q/v1/e|route.b."});
  bus.tell(1, "exchange/q/v1/e", "primary.t", {"route.bc"});
  bus.tell(2, "exchange/q/v1/other", "primary.t", {"route.b"});
  bus.tell(3, "exchange/q/v1/e", "primary.t", {"route.b.c"});
  bus.tell(4, "exchange/q/v1/e", "primary.t", {"route.a", "route.b"});
  CHECK(client.receive()[0] == "exchange/q/v1/e|route.b.c.");
  CHECK(client.receive()[0] == "exchange/q/v1/e|route.b.");
}

TEST_CASE("events told on several threads all arrive, those of a thread in order") {
  bus_bench bus;
  bus_client client{zmq::socket_type::sub};
  client.subscribe(bus.gateway.pub_port(), {"exchange/q/v1/e|"});
  constexpr std::uint64_t each = 2000;
  std::vector<std::thread> lanes;
  for (std::uint16_t shard = 0; shard < 3; ++shard)
    lanes.emplace_back([&bus, shard] {
      for (std::uint64_t n = 1; n <= each; ++n)
        bus.tell(n, "exchange/q/v1/e", "primary.k", {}, shard);
    });
  std::array<std::uint64_t, 3> seen{};
  for (std::uint64_t i = 0; i < 3 * each; ++i) {
    const auto got = client.receive();
    REQUIRE(got.size() == 3);
    const std::string id{json_of(got[1]).at("id").as_string()};
    const auto shard = static_cast<std::size_t>(id[id.find('-') + 1] - '0');
    REQUIRE(std::stoull(id.substr(id.find('.') + 1)) == ++seen[shard]);
  }
  for (auto& lane : lanes)
    lane.join();
}

TEST_CASE("a heartbeat tells the newest event of each shard, known from the log or just told") {
  bus_bench bus;
  bus.write_log(9, 1000, 1, 5);
  bus.write_log(3, 1000, 1, 2);
  bus.tell(4, "exchange/q/v1/e", "primary.k", {}, 3);
  bus_client client{zmq::socket_type::sub};
  client.socket.set(zmq::sockopt::subscribe, "heartbeat|");
  client.connect(bus.gateway.pub_port());
  auto beat = client.receive_any();
  REQUIRE(beat.size() == 3);
  CHECK(beat[0] == "heartbeat|");
  CHECK(beat[2].empty());
  CHECK(json_of(beat[1]).at("newest") == boost::json::array{"1764000000004-3.4", "1005-9.5"});
  bus.tell(6, "exchange/q/v1/e", "primary.k", {}, 9);
  do
    beat = client.receive_any();
  while (!beat.empty() && beat[1].find("-9.6") == std::string::npos);
  CHECK_FALSE(beat.empty());
}

TEST_CASE("a bus that is not open, or no longer, takes events") {
  test::redis_server redis;
  zeromq_options options;
  options.pub_port = 0;
  options.router_port = 0;
  options.redis.unix_path = redis.socket_path();
  zeromq_gateway gateway{options};
  event what;
  what.exchange = "e";
  gateway.on_event(what);
  REQUIRE(gateway.start().has_value());
  gateway.on_event(what);
  gateway.stop();
  gateway.on_event(what);
  gateway.stop();
}

TEST_CASE("a port in use is told in one line") {
  bus_bench bus;
  zeromq_options options;
  options.pub_port = bus.gateway.pub_port();
  options.router_port = 0;
  zeromq_gateway second{options};
  const auto started = second.start();
  REQUIRE(started.has_error());
  CHECK(started.error().message.find(std::to_string(options.pub_port)) != std::string::npos);
  CHECK(started.error().message.find('\n') == std::string::npos);
}

}  // namespace troupe
