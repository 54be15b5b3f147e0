#pragma once

#include "tests/bench/server_address.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/websocket.hpp>

namespace troupe_load {

struct options;

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using socket_stream = websocket::stream<boost::asio::ip::tcp::socket>;

/// Follows the log of `--task-id` from its begin on. Throws `beast::system_error`.
void join_log(socket_stream& socket, const options& given, const server_address& server);

/// Whether it can be followed already; the server closes the connection with 4404 where it cannot.
bool is_there_a_log(const options& given, const server_address& server);

}  // namespace troupe_load
