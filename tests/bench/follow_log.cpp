#include "tests/bench/clock.hpp"
#include "tests/bench/line_ages.hpp"
#include "tests/bench/log_socket.hpp"
#include "tests/bench/measurement.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"
#include "tests/bench/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <string>
#include <thread>

namespace troupe_load {

namespace {

constexpr auto no_log_yet = static_cast<websocket::close_code>(4404);

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

int print_report(const line_ages& ages, std::int64_t joined_ns, const measurement& measured,
                 const ending& how) {
  const auto us = ages.us_since(joined_ns);
  report out;
  out.text("tool", "troupe_load");
  out.text("mode", "follow-log");
  out.real("seconds", measured.seconds(), 4);
  out.count("lines", ages.lines());
  out.count("close_code", how.code);
  out.open("latency_us");
  out.percentiles("line", us);
  out.close();
  measured.tell(out, ages.lines(), ages.lines());
  out.print();
  return how.code == websocket::close_code::normal && !us.empty() ? 0 : 1;
}

}  // namespace

int follow_log(const options& given) {
  const auto server = read_server_address(given);
  const auto give_up_ns = now_ns() + static_cast<std::int64_t>(given.max_seconds * 1e9);
  try {
    while (now_ns() < give_up_ns) {
      boost::asio::io_context context;
      socket_stream socket{context};
      join_log(socket, given, server);
      const auto joined_ns = wall_ns();
      line_ages ages;
      measurement measured{given.watch};
      const auto how = read_all(socket, ages);
      measured.stop();
      if (how.code != no_log_yet)
        return print_report(ages, joined_ns, measured, how);
      std::this_thread::sleep_for(std::chrono::milliseconds{5});  // the task has not begun yet
    }
  } catch (const beast::system_error& failed) {
    die(std::string("following the log: ") + failed.what());
  }
  die("there was no log to follow within --max-seconds");
}

}  // namespace troupe_load
