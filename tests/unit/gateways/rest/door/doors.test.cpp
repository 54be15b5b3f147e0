#include "tests/unit/gateways/rest/door/running_gateway.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <atomic>

using namespace troupe;

namespace {

/// The path and query of a URL of the store.
std::string target_of(const std::string& url) {
  return url.substr(std::string_view{"http://localhost:8080"}.size());
}

std::string put_target(running_gateway& server, std::string_view key, std::string_view type) {
  return target_of(server.signer.put_url(key, type, server.time.now() + std::chrono::hours{1}));
}

std::string get_target(running_gateway& server, std::string_view key) {
  return target_of(server.signer.get_url(key, server.time.now() + std::chrono::hours{1}));
}

}  // namespace

TEST_CASE("an uploaded blob comes back with its type and encoding") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  const auto put = client.ask("PUT", put_target(server, "t/0/public/a b", "text/x; charset=utf-8"),
                              "Content-Encoding: gzip\r\n", "packed bytes");
  CHECK(put.status == 200);
  CHECK(put.headers.contains("etag"));
  const auto got = client.ask("GET", get_target(server, "t/0/public/a b"));
  CHECK(got.status == 200);
  CHECK(got.body == "packed bytes");
  CHECK(got.headers.at("content-type") == "text/x; charset=utf-8");
  CHECK(got.headers.at("content-encoding") == "gzip");
  CHECK(got.headers.at("etag") == put.headers.at("etag"));
  CHECK(got.headers.at("accept-ranges") == "bytes");

  const auto head = client.ask("HEAD", get_target(server, "t/0/public/a b"));
  CHECK(head.status == 200);
  CHECK(head.headers.at("content-length") == "12");
}

TEST_CASE("Content-Encoding: identity is none, and an empty blob is fine") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  CHECK(client
            .ask("PUT", put_target(server, "k", "a/b"),
                 "Content-Encoding: identity\r\nContent-Length: 0\r\n")
            .status == 200);
  const auto got = client.ask("GET", get_target(server, "k"));
  CHECK(got.status == 200);
  CHECK(got.body.empty());
  CHECK_FALSE(got.headers.contains("content-encoding"));
}

TEST_CASE("ranges and conditions of downloads") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.ask("PUT", put_target(server, "k", "a/b"), {}, "0123456789");
  const auto target = get_target(server, "k");
  const auto part = client.ask("GET", target, "Range: bytes=2-4\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "234");
  CHECK(part.headers.at("content-range") == "bytes 2-4/10");
  const auto beyond = client.ask("GET", target, "Range: bytes=20-\r\n");
  CHECK(beyond.status == 416);
  CHECK(beyond.headers.at("content-range") == "bytes */10");
  const auto whole = client.ask("GET", target, "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n");
  CHECK(whole.status == 200);
  const auto same =
      client.ask("GET", target, "If-None-Match: " + whole.headers.at("etag") + "\r\n");
  CHECK(same.status == 304);
  CHECK(client.ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("a large blob goes both ways in pieces") {
  running_gateway server;
  server.start();
  std::string large(20'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i)
    large[i] = static_cast<char>('a' + i * 7 % 26 + i / 100'000 % 3);
  raw_client client(server.port);
  CHECK(client.ask("PUT", put_target(server, "large", "a/b"), {}, large).status == 200);
  CHECK(client.ask("GET", get_target(server, "large")).body == large);
  CHECK(client.ask("GET", get_target(server, "large"), "Range: bytes=-1000000\r\n").body ==
        large.substr(large.size() - 1'000'000));
}

TEST_CASE("URLs that are not signed for this, are over, or name nothing") {
  running_gateway server;
  server.start();
  {
    raw_client client(server.port);
    CHECK(client.ask("GET", get_target(server, "nothing")).status == 404);
    CHECK(client.ask("GET", "/api/troupe/v1/blob/k?expires=1&signature=x").status == 403);
    CHECK(client.ask("GET", put_target(server, "k", "a/b")).status == 403);
  }
  raw_client client(server.port);
  const auto refused = client.ask("PUT", get_target(server, "k"), {}, std::string(100'000, 'x'));
  CHECK(refused.status == 403);
  CHECK(refused.headers.at("connection") == "close");
  CHECK(client.at_end());
}

TEST_CASE("an upload that breaks off leaves nothing") {
  running_gateway server;
  server.start();
  {
    raw_client client(server.port);
    client.send("PUT " + put_target(server, "k", "a/b") +
                " HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" +
                std::string(400'000, 'x'));
    server.await_connections(1);
  }
  server.await_connections(0);
  raw_client client(server.port);
  CHECK(client.ask("GET", get_target(server, "k")).status == 404);
}

TEST_CASE("a chunked upload and Expect: 100-continue") {
  running_gateway server;
  server.start();
  raw_client client(server.port);
  client.send("PUT " + put_target(server, "k", "a/b") +
              " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read().status == 100);
  client.send("3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  CHECK(client.read().status == 200);
  CHECK(client.ask("GET", get_target(server, "k")).body == "abcdefg");
}

TEST_CASE("a streamed response is chunked, told when it drained and when its reader left") {
  running_gateway server;
  // Belongs to the lane.
  std::shared_ptr<response_stream> stream;
  const auto await = [&server](const std::shared_ptr<response_stream>& that) {
    for (bool there = false; !there;)
      server.on_lane(0, [&](lane&) { there = that != nullptr; });
  };
  std::atomic<bool> gone = false;
  server.gateway->add_stream("GET", "/stream/<x>", door_access::open,
                             [&](door_request&& door, std::shared_ptr<response_stream> to) {
                               CHECK(door.params == std::vector<std::string>{"a b"});
                               CHECK(door.query_value("offset") == "7");
                               stream = std::move(to);
                               stream->on_gone([&gone] { gone = true; });
                               stream->begin(200, "text/plain", {{"X-Mine", "yes"}}, std::nullopt);
                               return nullptr;
                             });
  server.start();
  const auto write = [&](std::string text) {
    server.on_lane(
        0, [&](lane&) { stream->write(std::make_shared<const std::string>(std::move(text))); });
  };
  {
    raw_client client(server.port);
    client.send("GET /stream/a%20b?offset=7 HTTP/1.1\r\nHost: x\r\n\r\n");
    server.await_connections(1);
    await(stream);
    write("one ");
    write("");
    write("two");
    server.on_lane(0, [&](lane&) { stream->end(); });
    const auto got = client.read();
    CHECK(got.status == 200);
    CHECK(got.body == "one two");
    CHECK(got.headers.at("x-mine") == "yes");
    CHECK(client.ask("GET", "/api/queue/v1/ping").status == 200);

    server.on_lane(0, [&](lane&) { stream = nullptr; });
    client.send("GET /stream/a%20b?offset=7 HTTP/1.0\r\n\r\n");
    await(stream);
    write("until the end");
    server.on_lane(0, [&](lane&) { stream->end(); });
    CHECK(client.read().body == "until the end");
  }
  {
    server.on_lane(0, [&](lane&) { stream = nullptr; });
    raw_client client(server.port);
    client.send("GET /stream/a%20b?offset=7 HTTP/1.1\r\nHost: x\r\n\r\n");
    await(stream);
  }
  server.await_connections(0);
  CHECK(gone);
  // Too late, and harmless.
  write("nobody reads this");
  server.on_lane(0, [&](lane&) { stream->end(); });
}

TEST_CASE("a reader that does not read holds back nobody but its own stream") {
  running_gateway server;
  // Belongs to the lane.
  std::shared_ptr<response_stream> stream;
  const auto await = [&server](const std::shared_ptr<response_stream>& that) {
    for (bool there = false; !there;)
      server.on_lane(0, [&](lane&) { there = that != nullptr; });
  };
  std::atomic<bool> drained = false;
  server.gateway->add_stream("GET", "/stream", door_access::open,
                             [&](door_request&&, std::shared_ptr<response_stream> to) {
                               stream = std::move(to);
                               stream->on_drained([&drained] { drained = true; });
                               stream->begin(200, "text/plain", {}, 40'000'000);
                               return nullptr;
                             });
  server.start();
  raw_client slow(server.port);
  slow.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  await(stream);
  std::size_t backlog = 0;
  server.on_lane(0, [&](lane&) {
    const auto piece = std::make_shared<const std::string>(1'000'000, 'x');
    for (int i = 0; i < 40; ++i)
      stream->write(piece);
    backlog = stream->backlog_bytes();
    stream->end();
  });
  CHECK(backlog > 0);
  CHECK_FALSE(drained);
  raw_client other(server.port);
  CHECK(other.ask("GET", "/api/queue/v1/ping").status == 200);
  CHECK(slow.read().body.size() == 40'000'000);
  CHECK(slow.ask("GET", "/api/queue/v1/ping").status == 200);
}

TEST_CASE("routes that want the caller refuse bad credentials and know the good ones") {
  running_gateway server;
  std::string client_id = "nobody asked";
  server.gateway->add_page("GET", "/who", door_access::caller, [&](const door_request& door) {
    client_id = door.by->client_id;
    api_response response;
    response.body = door.by->authenticated ? "yes" : "no";
    response.content_type = "text/plain";
    return response;
  });
  server.start();
  raw_client client(server.port);
  CHECK(client.ask("GET", "/who").body == "no");
  CHECK(client_id.empty());
  CHECK(client.ask("GET", "/who", server.signature("GET", "/who")).body == "yes");
  CHECK(client_id == "tester");
  const auto refused = client.ask("GET", "/who", server.signature("GET", "/else"));
  CHECK(refused.status == 401);
  CHECK(refused.headers.at("www-authenticate") == "hawk");
}

TEST_CASE("an upgrade takes the socket, the request and what came behind it") {
  running_gateway server;
  server.gateway->add_upgrade(
      "/api/troupe/v1/log/<taskId>/<runId>", door_access::caller, [](upgraded_connection&& taken) {
        CHECK(taken.on->is_current());
        CHECK(taken.door.params == std::vector<std::string>{"task", "0"});
        CHECK(taken.door.by != nullptr);
        CHECK(taken.request.target() == "/api/troupe/v1/log/task/0?offset=1");
        CHECK(taken.request[boost::beast::http::field::sec_websocket_key] == "key");
        const auto text = "HTTP/1.1 101 Switching\r\n\r\n" + taken.leftover;
        boost::asio::write(taken.socket.next_layer(), boost::asio::buffer(text));
      });
  server.start();
  raw_client client(server.port);
  client.send(
      "GET /api/troupe/v1/log/task/0?offset=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\nSec-WebSocket-Key: key\r\n\r\nleft over");
  const auto got = client.read();
  CHECK(got.status == 101);
  CHECK(got.body == "left over");
  CHECK(client.at_end());
  server.await_connections(0);
}

TEST_CASE("pages: wrong verbs, OPTIONS, and bodies that nobody wants") {
  running_gateway server;
  server.gateway->add_page("GET", "/page", door_access::open, [](const door_request&) {
    api_response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = "<p>";
    response.headers.emplace_back("Content-Security-Policy", "default-src 'self'");
    return response;
  });
  server.start();
  raw_client client(server.port);
  const auto got = client.ask("GET", "/page");
  CHECK(got.headers.at("content-type") == "text/html; charset=utf-8");
  CHECK(got.headers.at("content-security-policy") == "default-src 'self'");
  CHECK_FALSE(got.headers.contains("cache-control"));
  CHECK(client.ask("OPTIONS", "/page").headers.at("allow") == "OPTIONS, GET");
  const auto post = client.ask("POST", "/page", {}, "some body");
  CHECK(post.status == 404);
}
