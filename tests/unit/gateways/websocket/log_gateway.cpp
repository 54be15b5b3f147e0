#include "tests/unit/gateways/websocket/log_gateway.hpp"

#include "actors/log_stream/log_directory_actor.hpp"
#include "gateways/websocket/log_doors.hpp"
#include "gateways/websocket/task_page_door.hpp"
#include "runtime/lane/switchboard_handles.hpp"

#include <caf/init_global_meta_objects.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>

namespace troupe {

namespace beast = boost::beast;

namespace {

std::string made_directory() {
  static const bool once = [] {
    caf::init_global_meta_objects<caf::id_block::troupe>();
    return true;
  }();
  (void)once;
  char name[] = "/tmp/troupe-log-doors-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  return name;
}

}  // namespace

// -- the gateway ----------------------------------------------------------------------------------

log_gateway::log_gateway() : directory_(made_directory()) {
  gateway_.board->directory().logs[0] =
      gateway_.system->spawn<log_directory_shell, caf::lazy_init>(*gateway_.lanes[0], directory_);
  add_log_routes(*gateway_.gateway, *gateway_.board);
  add_task_page_routes(*gateway_.gateway);
  gateway_.start();
}

log_gateway::~log_gateway() { std::filesystem::remove_all(directory_); }

std::string log_gateway::log_target(int run) {
  return "/api/troupe/v1/log/fN1SbArXTPSVFNUvaOlinQ/" + std::to_string(run);
}

received log_gateway::append(std::uint64_t offset, std::string_view text, int run) {
  const auto target = log_target(run) + "?offset=" + std::to_string(offset);
  return raw_client{port()}.ask("PUT", target, signature("PUT", target), text);
}

received log_gateway::finish(int run) {
  const auto target = log_target(run) + "/finish";
  return raw_client{port()}.ask("POST", target, signature("POST", target));
}

// -- the client -----------------------------------------------------------------------------------

socket_client::socket_client(std::uint16_t port) : socket_(io_) {
  socket_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port});
  // Only so that a mistake fails instead of hanging.
  const timeval patience{20, 0};
  ::setsockopt(socket_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof patience);
}

unsigned socket_client::open(const std::string& target, const std::string& authorization,
                             const std::vector<std::pair<std::string, std::string>>& headers) {
  const auto colon = authorization.find(": ");
  socket_.set_option(
      beast::websocket::stream_base::decorator([&](beast::websocket::request_type& request) {
        for (const auto& [name, value] : headers)
          request.set(name, value);
        if (colon != std::string::npos)
          request.set(beast::http::field::authorization,
                      authorization.substr(colon + 2, authorization.size() - colon - 4));
      }));
  beast::websocket::response_type response;
  beast::error_code failed;
  socket_.handshake(response, "localhost:8080", target, failed);
  return response.result_int();
}

std::string socket_client::receive() {
  beast::flat_buffer buffer;
  beast::error_code failed;
  socket_.read(buffer, failed);
  if (failed && failed != beast::websocket::error::closed)
    FAIL("the socket broke: " << failed.message());
  return beast::buffers_to_string(buffer.data());
}

std::string socket_client::receive_bytes(std::size_t size) {
  std::string all;
  while (all.size() < size) {
    auto next = receive();
    REQUIRE_FALSE(next.empty());
    all += next;
  }
  return all;
}

std::string socket_client::receive_all() {
  std::string all;
  for (;;) {
    auto next = receive();
    if (next.empty())
      return all;
    all += next;
  }
}

void socket_client::send(const std::string& text) { socket_.write(boost::asio::buffer(text)); }

void socket_client::vanish() { socket_.next_layer().close(); }

}  // namespace troupe
