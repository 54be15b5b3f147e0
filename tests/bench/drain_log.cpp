#include "tests/bench/clock.hpp"
#include "tests/bench/line_ages.hpp"
#include "tests/bench/log_socket.hpp"
#include "tests/bench/measurement.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"
#include "tests/bench/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace troupe_load {

namespace {

/// What all followers have heard together.
struct heard {
  long open = 0;
  long ended_well = 0;
  long messages = 0;
  std::int64_t joined_ns = 0;  ///< when all were there; older lines are history
  std::int64_t first_ns = 0, last_ns = 0;
  std::vector<std::int64_t> bytes;
  std::vector<float> us;
};

class follower : public std::enable_shared_from_this<follower> {
 public:
  follower(boost::asio::io_context& context, heard& all) : socket(context), all_(all) {}

  void read() {
    socket.async_read_some(
        buffer_, 0, [self = shared_from_this()](const beast::error_code& failed, std::size_t) {
          failed ? self->end() : self->take();
        });
  }

  socket_stream socket;

 private:
  void take() {
    const auto piece = buffer_.cdata();
    all_.last_ns = wall_ns();
    if (all_.first_ns == 0)
      all_.first_ns = all_.last_ns;
    ++all_.messages;
    bytes_ += static_cast<std::int64_t>(piece.size());
    ages_.take({static_cast<const char*>(piece.data()), piece.size()}, all_.last_ns);
    buffer_.consume(buffer_.size());
    read();
  }

  void end() {
    --all_.open;
    all_.ended_well += socket.reason().code == websocket::close_code::normal;
    all_.bytes.push_back(bytes_);
    const auto& us = ages_.us_since(all_.joined_ns);
    all_.us.insert(all_.us.end(), us.begin(), us.end());
  }

  heard& all_;
  beast::flat_buffer buffer_;
  std::int64_t bytes_ = 0;
  line_ages ages_;
};

using followers = std::vector<std::shared_ptr<follower>>;

// The first one waits until there is a log. A connection that is refused for that is not needed
// again.
bool join_first(boost::asio::io_context& context, heard& all, const options& given,
                const server_address& server, std::int64_t give_up_ns, followers& into) {
  while (now_ns() < give_up_ns) {
    auto one = std::make_shared<follower>(context, all);
    if (is_there_a_log(given, server)) {
      join_log(one->socket, given, server);
      into.push_back(std::move(one));
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return false;
}

int print_report(const heard& all, const measurement& measured) {
  const auto [least, most] = std::minmax_element(all.bytes.begin(), all.bytes.end());
  std::int64_t sum = 0;
  for (const auto bytes : all.bytes)
    sum += bytes;
  report out;
  out.text("tool", "troupe_load");
  out.text("mode", "drain-log");
  out.real("seconds", static_cast<double>(all.last_ns - all.first_ns) / 1e9, 4);
  out.count("followers", static_cast<long long>(all.bytes.size()));
  out.count("ended_well", all.ended_well);
  out.count("least_bytes", *least);
  out.count("most_bytes", *most);
  out.count("messages", all.messages);
  out.open("latency_us");
  out.percentiles("line", all.us);
  out.close();
  measured.tell(out, static_cast<long>(sum / 1'000'000), all.messages);
  out.print();
  return 0;
}

}  // namespace

int drain_log(const options& given) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto server = read_server_address(given);
  const auto give_up_ns = now_ns() + static_cast<std::int64_t>(given.max_seconds * 1e9);
  boost::asio::io_context context;
  heard all;
  followers those;
  try {
    if (!join_first(context, all, given, server, give_up_ns, those))
      die("there was no log to follow within --max-seconds");
    for (int i = 1; i < given.followers; ++i) {
      those.push_back(std::make_shared<follower>(context, all));
      join_log(those.back()->socket, given, server);
    }
  } catch (const beast::system_error& failed) {
    die(std::string("following the log: ") + failed.what());
  }
  all.joined_ns = wall_ns();
  all.open = static_cast<long>(those.size());
  measurement measured{given.watch};
  for (const auto& one : those)
    one->read();
  while (all.open > 0 && now_ns() < give_up_ns)
    context.run_one_for(std::chrono::milliseconds{100});
  measured.stop();
  if (all.open > 0)
    die("the log did not end within --max-seconds");
  return print_report(all, measured);
}

}  // namespace troupe_load
