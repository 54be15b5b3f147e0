#include "tests/bench/clock.hpp"
#include "tests/bench/measurement.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"
#include "tests/bench/random_ids.hpp"
#include "tests/bench/request_writer.hpp"
#include "tests/bench/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace troupe_load {

namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::asio::ip::tcp;
using socket_stream = websocket::stream<tcp::socket>;

constexpr auto no_log_yet = static_cast<websocket::close_code>(4404);

/// The age of lines, as they come in pieces.
class line_ages {
 public:
  explicit line_ages(std::int64_t joined_ns) : joined_ns_(joined_ns) {}

  void take(std::string_view piece, std::int64_t at_ns) {
    rest_ += piece;
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
      take_line(std::string_view{rest_}.substr(begin, end - begin), at_ns);
      begin = end + 1;
    }
    rest_.erase(0, begin);
  }

  long lines() const { return lines_; }
  const std::vector<float>& us() const { return us_; }

 private:
  // Other lines are the worker's own words.
  void take_line(std::string_view line, std::int64_t at_ns) {
    std::int64_t written_ns = 0;
    const auto [end, failed] = std::from_chars(line.data(), line.data() + line.size(), written_ns);
    if (failed != std::errc{} || end != line.data() + line.size())
      return;
    ++lines_;
    // What was there before the follower is history, not news.
    if (written_ns >= joined_ns_)
      us_.push_back(static_cast<float>(static_cast<double>(at_ns - written_ns) / 1e3));
  }

  std::int64_t joined_ns_;
  std::string rest_;
  long lines_ = 0;
  std::vector<float> us_;
};

void join(socket_stream& socket, const options& given, const server_address& server) {
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

struct ending {
  websocket::close_code code{};
  std::string text;
};

// Reads until the server ends it; each piece is timed as it comes.
ending read_all(socket_stream& socket, line_ages& ages) {
  beast::flat_buffer buffer;
  for (;;) {
    beast::error_code failed;
    socket.read_some(buffer, 0, failed);
    const auto at_ns = wall_ns();
    if (failed)
      return {static_cast<websocket::close_code>(socket.reason().code), failed.message()};
    const auto piece = buffer.cdata();
    ages.take({static_cast<const char*>(piece.data()), piece.size()}, at_ns);
    buffer.consume(buffer.size());
  }
}

int print_report(const line_ages& ages, const measurement& measured, const ending& how) {
  report out;
  out.text("tool", "troupe_load");
  out.text("mode", "follow-log");
  out.real("seconds", measured.seconds(), 4);
  out.count("lines", ages.lines());
  out.count("close_code", how.code);
  out.open("latency_us");
  out.percentiles("line", ages.us());
  out.close();
  measured.tell(out, ages.lines(), ages.lines());
  out.print();
  return how.code == websocket::close_code::normal && !ages.us().empty() ? 0 : 1;
}

}  // namespace

int follow_log(const options& given) {
  const auto server = read_server_address(given);
  const auto give_up_ns = now_ns() + static_cast<std::int64_t>(given.max_seconds * 1e9);
  try {
    while (now_ns() < give_up_ns) {
      boost::asio::io_context context;
      socket_stream socket{context};
      join(socket, given, server);
      line_ages ages{wall_ns()};
      measurement measured{given.watch};
      const auto how = read_all(socket, ages);
      measured.stop();
      if (how.code != no_log_yet)
        return print_report(ages, measured, how);
      std::this_thread::sleep_for(std::chrono::milliseconds{5});  // the task has not begun yet
    }
  } catch (const beast::system_error& failed) {
    die(std::string("following the log: ") + failed.what());
  }
  die("there was no log to follow within --max-seconds");
}

}  // namespace troupe_load
