#include "tests/unit/gateways/zeromq/bus_bench.hpp"

#include "runtime/store/shard.hpp"

#include <hiredis/hiredis.h>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

zeromq_options options_for(zeromq_options with, const test::redis_server& redis) {
  with.pub_port = 0;
  with.router_port = 0;
  with.redis.unix_path = redis.socket_path();
  with.heartbeat = std::chrono::milliseconds{50};
  return with;
}

}  // namespace

bus_bench::bus_bench(zeromq_options with) : gateway(options_for(std::move(with), redis)) {
  const auto started = gateway.start();
  REQUIRE(started.has_value());
}

void bus_bench::tell(std::uint64_t n, const std::string& exchange, const std::string& key,
                     const std::vector<std::string>& cc, std::uint16_t shard) {
  event what;
  what.id = {1'764'000'000'000 + static_cast<std::int64_t>(n), shard, n};
  what.exchange = exchange;
  what.routing_key = key;
  what.cc = cc;
  what.payload = R"({"é":"payload \" bytes"})";
  what.time = {what.id.ms};
  gateway.on_event(what);
}

void bus_bench::write_log(std::uint16_t stream, std::int64_t ms, std::uint64_t first,
                          std::uint64_t last, const std::string& exchange, const std::string& key) {
  auto* context = redisConnectUnix(redis.socket_path().c_str());
  REQUIRE(context != nullptr);
  const auto key_of_log = std::string{stream_key_prefix(stream)} + "events";
  for (auto n = first; n <= last; ++n) {
    const auto time = ms + static_cast<std::int64_t>(n);
    const auto id = std::to_string(time) + "-" + std::to_string(n);
    const auto payload = "{\"n\":" + std::to_string(n) + "}";
    redisAppendCommand(context, "XADD %s %s x %s k %s c %s t %lld p %s", key_of_log.c_str(),
                       id.c_str(), exchange.c_str(), key.c_str(), "route.a\nroute.b.c",
                       static_cast<long long>(time), payload.c_str());
  }
  for (auto n = first; n <= last; ++n) {
    void* reply = nullptr;
    REQUIRE(redisGetReply(context, &reply) == REDIS_OK);
    freeReplyObject(reply);
  }
  redisFree(context);
}

bus_client::bus_client(zmq::socket_type type) : socket(context, type) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::rcvtimeo, 10'000);
  if (type == zmq::socket_type::sub)
    socket.set(zmq::sockopt::rcvhwm, 0);
}

void bus_client::connect(std::uint16_t port) {
  socket.connect("tcp://127.0.0.1:" + std::to_string(port));
}

// Subscriptions are taken in order, so a heartbeat means that all before it are known.
void bus_client::subscribe(std::uint16_t port, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes)
    socket.set(zmq::sockopt::subscribe, prefix);
  socket.set(zmq::sockopt::subscribe, "heartbeat|");
  connect(port);
  REQUIRE(receive_any().size() == 3);
}

frames bus_client::receive_any() {
  frames got;
  zmq::message_t frame;
  do {
    if (!socket.recv(frame))
      return {};
    got.push_back(frame.to_string());
  } while (frame.more());
  return got;
}

frames bus_client::receive() {
  for (;;) {
    auto got = receive_any();
    if (got.empty() || got.front() != "heartbeat|")
      return got;
  }
}

void bus_client::send(const frames& words) {
  for (std::size_t i = 0; i < words.size(); ++i)
    socket.send(zmq::buffer(words[i]),
                i + 1 < words.size() ? zmq::send_flags::sndmore : zmq::send_flags::none);
}

std::vector<frames> bus_client::replay(const std::string& body) {
  send({"REPLAY", body});
  std::vector<frames> all;
  for (;;) {
    auto got = receive_any();
    REQUIRE_FALSE(got.empty());
    all.push_back(std::move(got));
    if (all.back().front() != "MSG")
      return all;
  }
}

boost::json::object json_of(const std::string& text) {
  auto value = boost::json::parse(text);
  REQUIRE(value.is_object());
  return value.get_object();
}

}  // namespace troupe
