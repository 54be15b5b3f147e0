#include "tests/unit/gateways/websocket/log_gateway.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

namespace troupe {

namespace {

received get(log_gateway& gateway, const std::string& query = {}, std::string_view verb = "GET") {
  const auto target = log_gateway::log_target() + query;
  return raw_client{gateway.port()}.ask(verb, target, gateway.signature(verb, target));
}

std::string message_of(const received& response) {
  const auto body = boost::json::parse(response.body);
  return std::string{body.at("message").as_string()};
}

}  // namespace

TEST_CASE("a log is written by PUT and read by GET") {
  log_gateway gateway;
  const auto first = gateway.append(0, "hello\n");
  CHECK(first.status == 200);
  CHECK(first.body == R"({"offset":6})");
  CHECK(gateway.append(6, "world\n").body == R"({"offset":12})");
  CHECK(gateway.append(3, "lo\nwo").body == R"({"offset":12})");
  const auto gap = gateway.append(99, "x");
  CHECK(gap.status == 409);
  CHECK(boost::json::parse(gap.body).at("offset") == 12);
  CHECK(gateway.finish().body == R"({"offset":12})");
  const auto late = gateway.append(12, "x");
  CHECK(late.status == 409);
  CHECK_FALSE(boost::json::parse(late.body).as_object().contains("offset"));

  const auto all = get(gateway);
  CHECK(all.status == 200);
  CHECK(all.body == "hello\nworld\n");
  CHECK(all.headers.at("content-type") == "text/plain; charset=utf-8");
  CHECK(all.headers.at("transfer-encoding") == "chunked");
  CHECK(all.headers.at("access-control-allow-origin") == "*");
  CHECK(all.headers.at("x-content-type-options") == "nosniff");
  CHECK(all.headers.at("cache-control") == "no-store");
  CHECK(get(gateway, "?offset=6").body == "world\n");
  CHECK(get(gateway, "?offset=99").body.empty());
  const auto tail = get(gateway, "?tail=1");
  CHECK(tail.body == "world\n");
  CHECK(tail.headers.at("x-log-offset") == "6");
  const auto head = get(gateway, {}, "HEAD");
  CHECK(head.status == 200);
  CHECK(head.body.empty());
}

TEST_CASE("a GET goes on with what is written later, and ends with the log") {
  log_gateway gateway;
  gateway.append(0, "one ");
  raw_client reader{gateway.port()};
  reader.send("GET " + log_gateway::log_target() + " HTTP/1.1\r\nHost: localhost:8080\r\n" +
              gateway.signature("GET", log_gateway::log_target()) + "\r\n");
  gateway.append(4, "two ");
  gateway.append(8, "three");
  gateway.finish();
  CHECK(reader.read().body == "one two three");
  // The connection goes on.
  CHECK(reader
            .ask("GET", log_gateway::log_target(),
                 gateway.signature("GET", log_gateway::log_target()))
            .body == "one two three");
}

TEST_CASE("a HEAD of a log that goes on does not wait for it") {
  log_gateway gateway;
  gateway.append(0, "one ");
  CHECK(get(gateway, {}, "HEAD").status == 200);
}

TEST_CASE("a reader that reads late gets all of a long log") {
  log_gateway gateway;
  raw_client reader{gateway.port()};
  gateway.append(0, "x");
  reader.send("GET " + log_gateway::log_target() + " HTTP/1.1\r\nHost: localhost:8080\r\n" +
              gateway.signature("GET", log_gateway::log_target()) + "\r\n");
  std::string whole = "x";
  for (int i = 0; i < 30; ++i) {
    const std::string part(1'000'000, static_cast<char>('a' + i % 26));
    REQUIRE(gateway.append(whole.size(), part).status == 200);
    whole += part;
  }
  gateway.finish();
  CHECK(reader.read().body == whole);
}

TEST_CASE("what is wrong with a request for a log is told") {
  log_gateway gateway;
  const auto missing = get(gateway);
  CHECK(missing.status == 404);
  CHECK(message_of(missing).find("live_backing.log") != std::string::npos);
  CHECK(get(gateway, "?offset=x").status == 400);
  CHECK(get(gateway, "?offset=-1").status == 400);
  CHECK(get(gateway, "?tail=0").status == 400);
  CHECK(get(gateway, "?tail=1&offset=1").status == 400);
  const std::string other = "/api/troupe/v1/log/nonsense/0";
  CHECK(raw_client{gateway.port()}.ask("GET", other, gateway.signature("GET", other)).status ==
        400);
}

TEST_CASE("reading and writing a log ask for the scopes of its artifact") {
  log_gateway gateway;
  raw_client client{gateway.port()};
  const auto target = log_gateway::log_target();
  const auto anonymous = client.ask("GET", target);
  CHECK(anonymous.status == 403);
  CHECK(message_of(anonymous).find("queue:get-artifact:public/logs/live.log") != std::string::npos);
  CHECK(message_of(anonymous).find("{{") == std::string::npos);
  const auto other = raw_client{gateway.port()}.ask(
      "PUT", target + "?offset=0", gateway.signature("PUT", target + "?offset=0", "nobody"),
      "text");
  CHECK(other.status == 403);
  CHECK(message_of(other).find("queue:create-artifact:fN1SbArXTPSVFNUvaOlinQ/0") !=
        std::string::npos);
  CHECK(raw_client{gateway.port()}.ask("POST", target + "/finish").status == 403);
}

TEST_CASE("an append that is too long or encoded is refused") {
  log_gateway gateway;
  CHECK(gateway.append(0, std::string(4 * 1024 * 1024, 'x')).status == 200);
  CHECK(gateway.append(0, std::string(4 * 1024 * 1024 + 1, 'x')).status == 413);
  const auto target = log_gateway::log_target() + "?offset=0";
  CHECK(raw_client{gateway.port()}
            .ask("PUT", target, gateway.signature("PUT", target) + "Content-Encoding: gzip\r\n",
                 "text")
            .status == 415);
}

TEST_CASE("the page of a task is served with a policy of its own") {
  log_gateway gateway;
  raw_client client{gateway.port()};
  const auto page = client.ask("GET", "/tasks/fN1SbArXTPSVFNUvaOlinQ");
  CHECK(page.status == 200);
  CHECK(page.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(page.headers.at("content-security-policy").find("script-src 'self'") != std::string::npos);
  CHECK(page.headers.at("content-security-policy").find("unsafe") == std::string::npos);
  CHECK(page.body.starts_with("<!doctype html>"));
  // Every part that the page names is there, and nothing comes from elsewhere.
  for (std::size_t at = 0; (at = page.body.find("=\"/", at)) != std::string::npos;) {
    const auto end = page.body.find('"', at + 2);
    const auto part = page.body.substr(at + 2, end - at - 2);
    CAPTURE(part);
    const auto got = client.ask("GET", part);
    CHECK(got.status == 200);
    CHECK_FALSE(got.body.empty());
    at = end;
  }
  CHECK(page.body.find("http") == std::string::npos);
  CHECK(client.ask("GET", "/tasks/nonsense").status == 404);
}

}  // namespace troupe
