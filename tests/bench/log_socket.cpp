#include "tests/bench/log_socket.hpp"

#include "tests/bench/clock.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/random_ids.hpp"
#include "tests/bench/request_writer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <string>

namespace troupe_load {

namespace {

using boost::asio::ip::tcp;

constexpr auto no_log_yet = static_cast<websocket::close_code>(4404);

}  // namespace

void join_log(socket_stream& socket, const options& given, const server_address& server) {
  random_source random{static_cast<std::uint64_t>(now_ns())};
  const request_writer requests{server, false, random};
  const auto path = server.base_path + "/api/troupe/v1/log/" + given.task_id + "/" +
                    std::to_string(given.run_id) + "?offset=0";
  std::string authorization;
  requests.append_authorization(
      authorization, "GET", path,
      make_credentials(given.client_id, given.access_token, given.certificate));
  const boost::asio::ip::address_v4 host{ntohl(server.socket.sin_addr.s_addr)};
  socket.next_layer().connect({host, ntohs(server.socket.sin_port)});
  socket.next_layer().set_option(tcp::no_delay{true});
  socket.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    request.set(beast::http::field::authorization, authorization);
  }));
  socket.handshake(server.host_header, path);
}

bool is_there_a_log(const options& given, const server_address& server) {
  boost::asio::io_context context;
  socket_stream socket{context};
  join_log(socket, given, server);
  beast::flat_buffer buffer;
  beast::error_code failed;
  socket.read_some(buffer, 0, failed);
  return !failed || socket.reason().code != no_log_yet;
}

}  // namespace troupe_load
