#include "gateways/zeromq/curve.hpp"
#include "tests/unit/gateways/zeromq/bus_bench.hpp"

#include <zmq.h>

#include <sys/stat.h>

#include <catch2/catch_test_macros.hpp>

#include <array>
#include <filesystem>
#include <fstream>

namespace troupe {

namespace {

namespace fs = std::filesystem;

struct key_pair {
  key_pair() { zmq_curve_keypair(public_key.data(), secret_key.data()); }
  std::array<char, 41> public_key{};
  std::array<char, 41> secret_key{};
};

struct key_directory {
  key_directory() {
    char name[] = "/tmp/troupe-curve-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~key_directory() { fs::remove_all(path); }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream{path + "/" + file} << text;
  }
  std::string read(const std::string& file) const {
    std::ifstream in{path + "/" + file};
    std::string word;
    in >> word;
    return word;
  }
  std::string path;
};

void use_keys(bus_client& client, const key_pair& own, const std::string& server) {
  client.socket.set(zmq::sockopt::curve_serverkey, server);
  client.socket.set(zmq::sockopt::curve_publickey, own.public_key.data());
  client.socket.set(zmq::sockopt::curve_secretkey, own.secret_key.data());
}

// What a socket's monitor says of the first handshake that ends.
std::uint16_t outcome_of_handshake(bus_client& client, std::uint16_t port) {
  zmq_socket_monitor(client.socket.handle(), "inproc://watch", ZMQ_EVENT_ALL);
  zmq::socket_t monitor{client.context, zmq::socket_type::pair};
  monitor.set(zmq::sockopt::rcvtimeo, 10'000);
  monitor.set(zmq::sockopt::linger, 0);
  monitor.connect("inproc://watch");
  client.connect(port);
  for (;;) {
    zmq::message_t what;
    zmq::message_t where;
    if (!monitor.recv(what) || !monitor.recv(where))
      return 0;
    std::uint16_t number = 0;
    std::memcpy(&number, what.data(), sizeof number);
    if (number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED || number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH ||
        number == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL ||
        number == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
      return number;
  }
}

}  // namespace

TEST_CASE("an open address demands keys") {
  zeromq_options options;
  options.pub_port = 0;
  options.router_port = 0;
  for (const auto* host : {"0.0.0.0", "*", "10.1.2.3", "::", "example.com"}) {
    options.host = host;
    const auto started = zeromq_gateway{options}.start();
    REQUIRE(started.has_error());
    CHECK(started.error().message.find("CURVE") != std::string::npos);
  }
  key_directory keys;
  options.host = "0.0.0.0";
  options.curve_directory = keys.path;
  const auto started = zeromq_gateway{options}.start();
  REQUIRE(started.has_error());
  CHECK(started.error().message.find(keys.path + "/clients") != std::string::npos);
  keys.write("clients", "# nobody yet\n");
  CHECK(zeromq_gateway{options}.start().has_value());
}

TEST_CASE("keys are made once, and bad ones are told") {
  key_directory keys;
  keys.write("clients", "");
  const auto access = load_curve_access(keys.path);
  REQUIRE(access.has_value());
  CHECK(access->server_secret_key.size() == 40);
  CHECK(keys.read("server.key") == access->server_secret_key);
  CHECK(keys.read("server.pub").size() == 40);
  struct stat about {};
  REQUIRE(::stat((keys.path + "/server.key").c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  CHECK(load_curve_access(keys.path)->server_secret_key == access->server_secret_key);
  keys.write("clients", "too-short me\n");
  CHECK(load_curve_access(keys.path).error().message.find("clients:1") != std::string::npos);
  keys.write("clients", "");
  keys.write("server.key", "nonsense\n");
  CHECK(load_curve_access(keys.path).error().message.find("server.key") != std::string::npos);
}

TEST_CASE("only those whose key is listed come in, also when the list was changed") {
  key_directory keys;
  const key_pair known;
  const key_pair later;
  keys.write("clients", std::string{known.public_key.data()} + " alice of example.com\n");
  zeromq_options options;
  options.curve_directory = keys.path;
  bus_bench bus{options};
  const auto server = keys.read("server.pub");

  bus_client plain{zmq::socket_type::dealer};
  CHECK(outcome_of_handshake(plain, bus.gateway.router_port()) != ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  {
    bus_client unknown{zmq::socket_type::sub};
    use_keys(unknown, later, server);
    CHECK(outcome_of_handshake(unknown, bus.gateway.pub_port()) == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  }
  bus_client subscriber{zmq::socket_type::sub};
  use_keys(subscriber, known, server);
  subscriber.subscribe(bus.gateway.pub_port(), {"exchange/"});
  bus.tell(1, "exchange/q/v1/e", "primary.k");
  CHECK(subscriber.receive().at(0) == "exchange/q/v1/e|primary.k.");

  keys.write("clients", std::string{later.public_key.data()} + "\n");
  bus_client allowed{zmq::socket_type::dealer};
  use_keys(allowed, later, server);
  CHECK(outcome_of_handshake(allowed, bus.gateway.router_port()) == ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
  CHECK(allowed.replay("{}").back()[0] == "END");
}

}  // namespace troupe
