#include "tests/unit/gateways/rest/door/running_gateway.hpp"

#include "runtime/auth/credentials.hpp"
#include "runtime/lane/switchboard_handles.hpp"

#include <caf/init_global_meta_objects.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <future>

namespace troupe {

// -- the client
// ------------------------------------------------------------------------------------

raw_client::raw_client(std::uint16_t port) {
  fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  // Only so that a mistake fails instead of hanging.
  const timeval patience{20, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

raw_client::~raw_client() { close(); }

void raw_client::close() {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
}

void raw_client::half_close() { ::shutdown(fd_, SHUT_WR); }

void raw_client::send(std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool raw_client::fill() {
  char piece[65536];
  const auto n = ::recv(fd_, piece, sizeof piece, 0);
  if (n <= 0)
    return false;
  buffer_.append(piece, static_cast<std::size_t>(n));
  return true;
}

bool raw_client::at_end() { return buffer_.empty() && !fill(); }

received raw_client::read(bool head_only) {
  received got;
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill())
      return got;
  const auto head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  got.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  for (std::size_t from = head.find("\r\n") + 2; from < head.size();) {
    const auto stop = head.find("\r\n", from);
    const auto colon = head.find(": ", from);
    auto name = head.substr(from, colon - from);
    for (auto& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    got.headers[name] = head.substr(colon + 2, stop - colon - 2);
    from = stop + 2;
  }
  if (head_only || got.status == 100 || got.status == 204 || got.status == 304)
    return got;
  if (got.headers.contains("content-length")) {
    const auto size = std::stoull(got.headers["content-length"]);
    while (buffer_.size() < size)
      if (!fill())
        break;
    got.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
  } else if (got.headers.contains("transfer-encoding")) {
    for (;;) {
      while ((end = buffer_.find("\r\n")) == std::string::npos)
        if (!fill())
          return got;
      const auto size = std::stoull(buffer_.substr(0, end), nullptr, 16);
      while (buffer_.size() < end + 2 + size + 2)
        if (!fill())
          return got;
      got.body += buffer_.substr(end + 2, size);
      buffer_.erase(0, end + 2 + size + 2);
      if (size == 0)
        break;
    }
  } else {
    while (fill()) {
    }
    got.body = std::move(buffer_);
    buffer_.clear();
  }
  return got;
}

received raw_client::ask(std::string_view verb, std::string_view target, std::string_view headers,
                         std::string_view body) {
  std::string text{verb};
  text += " ";
  text += target;
  text += " HTTP/1.1\r\nHost: localhost:8080\r\n";
  text += headers;
  if (!body.empty())
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  text += "\r\n";
  text += body;
  send(text);
  return read(verb == "HEAD");
}

// -- the gateway
// -----------------------------------------------------------------------------------

namespace {

void init_caf() {
  static const bool once = [] {
    caf::core::init_global_meta_objects();
    return true;
  }();
  (void)once;
}

auth_snapshot_ptr some_clients(timestamp now) {
  const auto later = now + std::chrono::hours{1};
  const std::string access{running_gateway::token};
  return std::make_shared<auth_snapshot>(
      std::vector<client_record>{{"tester", access, {"queue:*", "assume:*"}, later, false},
                                 {"nobody", access, {"some:thing"}, later, false}},
      std::vector<role>{{"anonymous", {"queue:get-task:*"}}});
}

}  // namespace

running_gateway::running_gateway(settings with, unsigned lane_count) : config(std::move(with)) {
  init_caf();
  caf_config.set("caf.scheduler.max-threads", 1);
  caf_config.set("caf.scheduler.policy", "sharing");
  system = std::make_unique<caf::actor_system>(caf_config);
  std::vector<lane*> all;
  for (unsigned i = 0; i < lane_count; ++i) {
    lanes.push_back(std::make_unique<lane>(static_cast<std::uint16_t>(i),
                                           static_cast<std::uint16_t>(lane_count), *system, time));
    all.push_back(lanes.back().get());
  }
  for (auto& each : lanes)
    each->attach_peers(all);
  board = std::make_unique<switchboard>(all);
  auto& nobody = board->directory();
  nobody.queues.resize(lane_count);
  nobody.groups.resize(lane_count);
  nobody.graphs.resize(lane_count);
  nobody.logs.resize(lane_count);
  char name[] = "/tmp/troupe-gateway-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  directory = name;
  blobs = std::make_unique<blob_store>(directory + "/blobs", 1);
  REQUIRE(blobs->open().has_value());
  signer.set_root_url("http://localhost:8080");
  rest_gateway_parts parts;
  parts.lanes = all;
  parts.board = board.get();
  parts.config = &config;
  parts.signer = &signer;
  parts.blobs = blobs.get();
  parts.token_key = "token key";
  parts.checks_replies = false;  // the answers of these tests are anything
  parts.build = {"0.1.0", "abc", "", ""};
  gateway = std::make_unique<rest_gateway>(std::move(parts));
}

void running_gateway::start() {
  gateway->set_snapshot(some_clients(time.now()));
  for (auto& each : lanes)
    threads.emplace_back([&each] { each->run(); });
  const auto bound = gateway->start("127.0.0.1", 0);
  REQUIRE(bound.has_value());
  port = *bound;
}

running_gateway::~running_gateway() {
  if (!threads.empty()) {
    std::promise<void> drained;
    gateway->drain(std::chrono::milliseconds{0}, [&drained] { drained.set_value(); });
    drained.get_future().wait();
    for (unsigned i = 0; i < lanes.size(); ++i)
      on_lane(i, [](lane&) {});
  }
  blobs.reset();
  for (auto& each : lanes)
    each->stop();
  for (auto& thread : threads)
    thread.join();
  gateway.reset();
  board.reset();
  lanes.clear();
  std::filesystem::remove_all(directory);
}

void running_gateway::on_lane(unsigned index, std::function<void(lane&)> job) {
  std::promise<void> done;
  auto& where = *lanes.at(index);
  where.post([&] {
    job(where);
    done.set_value();
  });
  done.get_future().wait();
}

void running_gateway::answer_first(unsigned nth, answer result) {
  auto carried = std::make_shared<answer>(std::move(result));
  on_lane(0, [&](lane& where) { where.deliver(reply_handle{0, 0, 0, nth}, std::move(*carried)); });
}

void running_gateway::await_calls(std::size_t count) {
  for (std::size_t waiting = count + 1; waiting != count;) {
    on_lane(0, [&](lane& where) { waiting = where.open_replies(); });
    std::this_thread::yield();
  }
}

void running_gateway::await_connections(std::size_t count) {
  while (gateway->connections() != count)
    std::this_thread::yield();
}

std::string running_gateway::signature(std::string_view verb, std::string_view target,
                                       std::string_view client) const {
  return "Authorization: " +
         sign_header({std::string{client}, std::string{token}, {}},
                     {verb, target, "localhost", "8080"}, time.now(), "nonce") +
         "\r\n";
}

}  // namespace troupe
