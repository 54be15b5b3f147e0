#include "tests/unit/gateways/rest/door/running_gateway.hpp"

#include "runtime/clock/random.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <future>

using namespace troupe;
namespace json = boost::json;

namespace {

constexpr std::string_view id = "fN1SbArXTPSVFNUvaOlinQ";
const std::string status_path = "/api/queue/v1/task/" + std::string{id} + "/status";
const std::string task_path = "/api/queue/v1/task/" + std::string{id};

}  // namespace

TEST_CASE("API-11 the root answers version, heartbeats and robots.txt") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  for (const auto* path : {"/__version__", "/__heartbeat__", "/__lbheartbeat__"}) {
    const auto got = client.ask("GET", path);
    CHECK(got.status == 200);
    CHECK(got.headers.at("content-type") == "application/json; charset=utf-8");
    CHECK(json::parse(got.body).is_object());
  }
  CHECK(json::parse(client.ask("GET", "/__version__").body).at("version") == "0.1.0");
  const auto robots = client.ask("GET", "/robots.txt");
  CHECK(robots.headers.at("content-type") == "text/plain");
  CHECK(robots.body == "User-Agent: *\nDisallow: /\n");
}

TEST_CASE("API-12 API-23 ping works without, with and with broken credentials") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  for (const auto& header : {std::string{}, std::string{"Authorization: garbage\r\n"},
                             server.signature("GET", "/api/queue/v1/ping"),
                             server.signature("GET", "/api/queue/v1/other", "unknown")}) {
    const auto got = client.ask("GET", "/api/queue/v1/ping", header);
    CHECK(got.status == 200);
    const auto body = json::parse(got.body);
    CHECK(body.at("alive") == true);
    CHECK(body.at("uptime").is_number());
  }
  CHECK(client.ask("GET", "/api/queue/v1/ping?bewit=rubbish").status == 200);
}

TEST_CASE("API-7 an unknown path is 404 with a body of its own and all headers") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  for (const auto* path : {"/api/queue/v1/nothing", "/api/nothing/v1/ping", "/nothing"}) {
    const auto got = client.ask("GET", path);
    CHECK(got.status == 404);
    CHECK(got.body == R"({"error":"Not found"})");
    CHECK(got.headers.at("access-control-allow-origin") == "*");
    CHECK(got.headers.contains("x-for-trace-id"));
  }
  CHECK(client.ask("DELETE", "/api/queue/v1/ping").status == 404);
  CHECK(client.ask("GET", "/api/queue/v1/nothing").headers.at("cache-control") ==
        "no-store no-cache must-revalidate");
}

TEST_CASE("API-14 the trace id of the request comes back, or a new one is made") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  const auto given =
      client.ask("GET", "/api/queue/v1/ping", "x-taskcluster-trace-id: my trace\r\n");
  CHECK(given.headers.at("x-for-trace-id") == "my trace");
  const auto made = client.ask("GET", "/api/queue/v1/ping");
  CHECK(made.headers.at("x-for-trace-id").size() == 36);
  CHECK(made.headers.at("x-for-trace-id") != made.headers.at("x-for-request-id"));
  CHECK(made.headers.at("x-for-request-id") != given.headers.at("x-for-request-id"));
}

TEST_CASE("API-8 HEAD answers like GET without a body") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  const auto got = client.ask("HEAD", "/api/queue/v1/__version__");
  CHECK(got.status == 200);
  CHECK(std::stoul(got.headers.at("content-length")) > 10);
  CHECK(client.ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("API-9 OPTIONS says the verbs of a path, and 404 for an unknown one") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  const auto got = client.ask("OPTIONS", status_path);
  CHECK(got.status == 200);
  CHECK(got.headers.at("allow") == "GET, HEAD");
  CHECK(got.body.empty());
  CHECK(got.headers.at("access-control-allow-origin") == "*");
  CHECK(client.ask("OPTIONS", "/api/queue/v1/nothing").status == 404);
}

TEST_CASE("pipelined requests are answered in order") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += "GET /api/queue/v1/ping HTTP/1.1\r\nHost: x\r\nx-taskcluster-trace-id: " +
            std::to_string(i) + "\r\n\r\n";
  client.send(many);
  for (int i = 0; i < 200; ++i)
    REQUIRE(client.read().headers.at("x-for-trace-id") == std::to_string(i));
}

TEST_CASE("a request that waits holds back the ones sent behind it") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("GET " + task_path + " HTTP/1.1\r\nHost: x\r\n\r\n" +
              "GET /api/queue/v1/ping HTTP/1.1\r\nHost: x\r\n\r\n");
  server.await_calls(1);
  server.answer_first(1, answer(R"({"payload":{}})"));
  CHECK(client.read().body == R"({"payload":{}})");
  CHECK(json::parse(client.read().body).at("alive") == true);
}

TEST_CASE("HTTP/1.0 and Connection: close end the connection after the answer") {
  running_gateway server;
  server.start();
  for (const auto* text : {"GET /api/queue/v1/ping HTTP/1.0\r\n\r\n",
                           "GET /api/queue/v1/ping HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    raw_client client(server.port);
    client.send(text);
    const auto got = client.read();
    CHECK(got.status == 200);
    CHECK(got.headers.at("connection") == "close");
    CHECK(client.at_end());
  }
  raw_client kept(server.port);
  kept.send("GET /api/queue/v1/ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(kept.read().headers.at("connection") == "keep-alive");
  CHECK(kept.ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("what is not HTTP gets 400 and the end of the connection") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("this is not http\r\n\r\n");
  CHECK(client.read().status == 400);
  CHECK(client.at_end());
  raw_client large(server.port);
  large.send("GET / HTTP/1.1\r\nX: " + std::string(70000, 'x') + "\r\n\r\n");
  CHECK(large.read().status == 431);
  CHECK(large.at_end());
}

TEST_CASE("a body above the limit is 413 InputTooLarge with the method's envelope") {
  settings with;
  with.max_body_bytes = 65536;
  running_gateway server(with);
  server.start();
  raw_client client(server.port);
  client.send("PUT " + task_path +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
              "70000\r\n\r\n" +
              std::string(70000, ' '));
  const auto got = client.read();
  CHECK(got.status == 413);
  const auto body = json::parse(got.body);
  CHECK(body.at("code") == "InputTooLarge");
  CHECK(body.at("requestInfo").at("method") == "createTask");
  CHECK(client.at_end());
}

TEST_CASE("Expect: 100-continue is answered before the body") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("PUT " + task_path +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
              "Content-Length: 2\r\n\r\n");
  CHECK(client.read().status == 100);
  client.send("{}");
  CHECK(client.read().status == 400);
}

TEST_CASE("chunked and gzip request bodies are understood") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("PUT " + task_path +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
              "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
  const auto got = client.read();
  CHECK(got.status == 400);
  const auto error = json::parse(got.body);
  CHECK(error.at("code") == "InputValidationError");
  CHECK(error.at("requestInfo").at("payload").at("a") == 1);
  CHECK(
      client
          .ask("PUT", task_path, "Content-Encoding: br\r\nContent-Type: application/json\r\n", "{}")
          .status == 415);
}

TEST_CASE("API-15 answers of 1024 bytes and more are compressed for who takes it") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  const auto answered = [&](std::size_t size, unsigned nth, std::string_view accept) {
    client.send("GET " + task_path +
                " HTTP/1.1\r\nHost: x\r\nAccept-Encoding: " + std::string{accept} + "\r\n\r\n");
    server.await_calls(1);
    server.answer_first(nth, answer("\"" + std::string(size - 2, 'x') + "\""));
    return client.read();
  };
  const auto packed = answered(1024, 1, "gzip, deflate");
  CHECK(packed.headers.at("content-encoding") == "gzip");
  CHECK(packed.body.size() < 100);
  CHECK(packed.headers.at("vary") == "Accept-Encoding");
  CHECK_FALSE(answered(1023, 2, "gzip").headers.contains("content-encoding"));
  CHECK_FALSE(answered(1024, 3, "identity").headers.contains("content-encoding"));
  CHECK(answered(5000, 4, "identity").body.size() == 5000);
}

TEST_CASE("a response larger than any socket buffer arrives whole") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("GET " + task_path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  server.await_calls(1);
  std::string large(30'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 1000)
    large[i] = static_cast<char>('a' + i / 1000 % 26);
  server.answer_first(1, answer(large));
  CHECK(client.read().body == large);
  CHECK(client.ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("CW-12 a claim whose client goes away is dropped at once") {
  running_gateway server;
  server.start();
  std::vector<handed_out_run> returned;
  server.on_lane(0, [&](lane& where) {
    where.on_undelivered([&](const handed_out_run& run) { returned.push_back(run); });
  });
  const std::string path = "/api/queue/v1/claim-work/proj%2Fci";
  const std::string body = R"({"workerGroup":"g","workerId":"w"})";
  {
    raw_client client(server.port);
    client.send("POST " + path + " HTTP/1.1\r\nHost: localhost:8080\r\n" +
                server.signature("POST", path) + "Content-Type: application/json\r\n" +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    server.await_calls(1);
  }
  server.await_calls(0);
  server.await_connections(0);
  answer late(R"({"tasks":[]})");
  late.handed_out.push_back({*task_id::parse(id), 3});
  server.answer_first(1, std::move(late));
  REQUIRE(returned.size() == 1);
  CHECK(returned[0].run == 3);
}

TEST_CASE("an ordinary request is answered though its client sends nothing more") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("GET " + task_path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  client.half_close();
  server.await_calls(1);
  server.answer_first(1, answer("{}"));
  CHECK(client.read().body == "{}");
  CHECK(client.at_end());
}

TEST_CASE("above the limit of requests under way there is 503 with Retry-After") {
  settings with;
  with.max_requests_in_flight = 1;
  running_gateway server(with);
  server.start();
  raw_client first(server.port);
  first.send("GET " + task_path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  server.await_calls(1);
  raw_client second(server.port);
  const auto got = second.ask("GET", task_path);
  CHECK(got.status == 503);
  CHECK(got.headers.at("retry-after") == "1");
  server.answer_first(1, answer("{}"));
  CHECK(first.read().status == 200);
}

TEST_CASE("connections above the limit are refused with 503") {
  settings with;
  with.max_connections = 1;
  running_gateway server(with);
  server.start();
  raw_client first(server.port);
  CHECK(first.ask("GET", "/api/queue/v1/ping").status == 200);
  raw_client second(server.port);
  CHECK(second.read().status == 503);
  CHECK(second.at_end());
}

TEST_CASE("connections are spread evenly over the lanes") {
  running_gateway server({}, 3);
  server.start();
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 30; ++i) {
    clients.push_back(std::make_unique<raw_client>(server.port));
    CHECK(clients.back()->ask("GET", "/api/queue/v1/ping").status == 200);
  }
  CHECK(server.gateway->connections() == 30);
  for (auto& client : clients)
    CHECK(client->ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("API-13 a server that stops refuses connections and finishes what it began") {
  running_gateway server;
  server.start();
  raw_client idle(server.port);
  CHECK(idle.ask("GET", "/api/queue/v1/ping").status == 200);
  raw_client busy(server.port);
  busy.send("GET " + task_path + " HTTP/1.1\r\nHost: x\r\n\r\n");
  server.await_calls(1);
  std::promise<void> drained;
  server.gateway->drain(std::chrono::seconds{20}, [&] { drained.set_value(); });
  CHECK(idle.at_end());
  server.answer_first(1, answer("{}"));
  const auto got = busy.read();
  CHECK(got.status == 200);
  CHECK(got.headers.at("connection") == "close");
  busy.close();
  drained.get_future().wait();
  CHECK(server.gateway->connections() == 0);
}

TEST_CASE("a claim that waits when the server stops is answered with what its queue says") {
  running_gateway server;
  server.start();
  const std::string path = "/api/queue/v1/claim-work/proj%2Fci";
  const std::string body = R"({"workerGroup":"g","workerId":"w"})";
  raw_client client(server.port);
  client.send("POST " + path + " HTTP/1.1\r\nHost: localhost:8080\r\n" +
              server.signature("POST", path) + "Content-Type: application/json\r\n" +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  server.await_calls(1);
  std::promise<void> drained;
  server.gateway->drain(std::chrono::seconds{20}, [&] { drained.set_value(); });
  // The queue had begun to claim for it.
  server.answer_first(1, answer(R"({"tasks":["claimed"]})"));
  const auto got = client.read();
  CHECK(got.status == 200);
  CHECK(got.body == R"({"tasks":["claimed"]})");
  CHECK(got.headers.at("connection") == "close");
  client.close();
  drained.get_future().wait();
}

TEST_CASE("a port that is taken is said clearly") {
  running_gateway server;
  server.start();
  running_gateway other;
  const auto bound = other.gateway->start("127.0.0.1", server.port);
  REQUIRE_FALSE(bound.has_value());
  CHECK(bound.error().message.find("--http-port") != std::string::npos);
  CHECK_FALSE(other.gateway->start("not an address", 0).has_value());
}

TEST_CASE("whatever bytes come, they are answered or refused, and the server lives on") {
  running_gateway server;
  server.start();
  const std::string good = "PUT " + task_path +
                           "?limit=1 HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: "
                           "application/json\r\nAuthorization: Hawk id=\"a\"\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n";
  seeded_random random(20261124);
  for (int round = 0; round < 300; ++round) {
    auto text = good;
    const auto changes = 1 + random.next() % 6;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const auto at = random.next() % text.size();
      switch (random.next() % 3) {
        case 0:
          text[at] = static_cast<char>(random.next());
          break;
        case 1:
          text.erase(at, random.next() % 20);
          break;
        default:
          text.insert(at, text.substr(random.next() % text.size(), 10));
      }
    }
    raw_client client(server.port);
    client.send(text);
    client.half_close();
    const auto got = client.read();
    CHECK((got.status == 0 || got.status >= 200));
  }
  raw_client client(server.port);
  CHECK(client.ask("GET", "/api/queue/v1/ping").status == 200);
}
