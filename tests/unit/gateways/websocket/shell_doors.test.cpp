#include "gateways/websocket/shell_doors.hpp"

#include "gateways/websocket/shell_desk.hpp"
#include "tests/unit/gateways/websocket/log_gateway.hpp"

#include <catch2/catch_test_macros.hpp>

#include <memory>

namespace troupe {

namespace {

const std::string secret = "ctqncN9EQfaUBT2GZ25ihA";
const std::string offers = "/api/troupe/v1/shell/fN1SbArXTPSVFNUvaOlinQ/0";

/// A gateway with the doors of shells.
struct shell_gateway {
  shell_gateway() {
    add_shell_routes(*gateway.gateway, desk);
    gateway.start();
  }

  /// A worker's connection; the HTTP status.
  // What the desk keeps of connections is not to outlive their lanes.
  ~shell_gateway() { desk.drain(); }

  unsigned offer(socket_client& worker) {
    return worker.open(offers, gateway.signature("GET", offers), {{"X-Troupe-Shell", secret}});
  }

  shell_desk desk;
  running_gateway gateway;
};

}  // namespace

TEST_CASE("workers 6.5: a reader is joined to the worker that has the secret") {
  shell_gateway shells;
  socket_client worker{shells.gateway.port};
  REQUIRE(shells.offer(worker) == 101);
  socket_client reader{shells.gateway.port};
  REQUIRE(reader.open("/shell/" + secret, "") == 101);
  reader.send("typed");
  CHECK(worker.receive() == "open");
  CHECK(worker.receive() == "typed");
  worker.send("shown");
  CHECK(reader.receive() == "shown");
}

TEST_CASE("a reader waits for the next offer of a worker, and goes when there is none any more") {
  shell_gateway shells;
  auto worker = std::make_unique<socket_client>(shells.gateway.port);
  REQUIRE(shells.offer(*worker) == 101);
  socket_client first{shells.gateway.port};
  REQUIRE(first.open("/shell/" + secret, "") == 101);
  CHECK(worker->receive() == "open");
  socket_client second{shells.gateway.port};
  REQUIRE(second.open("/shell/" + secret, "") == 101);
  second.send("early");
  socket_client next{shells.gateway.port};
  REQUIRE(shells.offer(next) == 101);
  CHECK(next.receive() == "open");
  CHECK(next.receive() == "early");
  socket_client third{shells.gateway.port};
  REQUIRE(third.open("/shell/" + secret, "") == 101);
  worker->vanish();
  next.vanish();
  for (auto* reader : {&first, &second, &third}) {
    CHECK(reader->receive_all().empty());
    CHECK(reader->close_code() == 1001);
    CHECK(reader->close_reason() == "the worker is gone");
  }
}

TEST_CASE("workers 6.5: a secret that no worker has is 401") {
  shell_gateway shells;
  socket_client reader{shells.gateway.port};
  CHECK(reader.open("/shell/" + secret, "") == 401);
}

TEST_CASE("a worker without the scope, or without a secret, offers nothing") {
  shell_gateway shells;
  socket_client nobody{shells.gateway.port};
  CHECK(nobody.open(offers, "", {{"X-Troupe-Shell", secret}}) == 403);
  socket_client forgetful{shells.gateway.port};
  CHECK(forgetful.open(offers, shells.gateway.signature("GET", offers)) == 400);
}

TEST_CASE("when the server ends, workers and readers are told") {
  shell_gateway shells;
  socket_client worker{shells.gateway.port};
  REQUIRE(shells.offer(worker) == 101);
  socket_client reader{shells.gateway.port};
  REQUIRE(reader.open("/shell/" + secret, "") == 101);
  CHECK(worker.receive() == "open");
  shells.desk.drain();
  CHECK(worker.receive_all().empty());
  CHECK(reader.receive_all().empty());
  CHECK(worker.close_code() == 1001);
  CHECK(reader.close_code() == 1001);
  socket_client late{shells.gateway.port};
  CHECK(late.open("/shell/" + secret, "") == 401);
}

}  // namespace troupe
