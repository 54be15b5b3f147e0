#include "workers/shells/shell_host.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/log/log.hpp"
#include "runtime/web/web_socket.hpp"
#include "workers/shells/shell_session.hpp"
#include "workers/shells/terminal.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <thread>

// g++ 12 takes the frame of a coroutine that it inlines for one that is freed by another allocator.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace troupe {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_shells = 16;
constexpr std::chrono::milliseconds first_pause = 100ms;
constexpr std::chrono::milliseconds longest_pause = 5s;
constexpr auto longest_farewell = 1s;

std::string as_socket_url(const std::string& root_url) {
  return root_url.starts_with("http") ? "ws" + root_url.substr(4) : root_url;
}

}  // namespace

struct shell_host::impl {
  explicit impl(shell_host_options given)
      : with(std::move(given)),
        secret(make_slugid(thread_random())),
        kind(with.displays.empty() ? "shell" : "display"),
        url(as_socket_url(with.root_url) + "/" + kind + "/" + secret),
        pause(io),
        farewell(io),
        room(io, asio::steady_timer::time_point::max()),
        watched(io),
        told(io, asio::steady_timer::time_point::max()) {
    if (!with.displays.empty())
      watch_displays();
    asio::co_spawn(
        io, [this]() -> asio::awaitable<void> { co_await offer_shells(); }, asio::detached);
    thread = std::thread{[this] { io.run(); }};
  }

  ~impl() { close(); }

  asio::awaitable<void> offer_shells();
  asio::awaitable<std::shared_ptr<web_socket>> offer(std::string& which);
  asio::awaitable<void> run_shell(std::shared_ptr<web_socket> socket, std::string which);
  asio::awaitable<void> tell_displays();
  asio::awaitable<bool> begin_display(web_socket& socket);
  asio::awaitable<void> follow_displays();
  void watch_displays();
  web_socket_request request() const;
  void close();

  shell_host_options with;
  const std::string secret;
  const std::string kind;
  const std::string url;
  asio::io_context io{1};
  asio::steady_timer pause;
  asio::steady_timer farewell;
  asio::steady_timer room;                 // cancelled when a shell has ended
  asio::posix::stream_descriptor watched;  // changes in the directory of displays
  std::shared_ptr<web_socket> waits;       // the offer of a display
  asio::steady_timer told;                 // cancelled when all was said of displays
  bool telling = false;
  bool tell_again = false;
  std::set<std::shared_ptr<shell_session>> sessions;
  std::size_t shells = 0;
  bool complained = false;
  bool ending = false;
  std::mutex guard;
  std::condition_variable changed;
  bool offered = false;  // guarded
  std::thread thread;
};

web_socket_request shell_host::impl::request() const {
  const auto target =
      "/api/troupe/v1/" + kind + "/" + with.task.str() + "/" + std::to_string(with.run);
  const auto where = split_root_url(with.root_url);
  const auto nonce = make_slugid(thread_random()).substr(0, 8);
  const signed_target signs{"GET", target, where.host, where.port};
  return {with.root_url + target,
          {{"Authorization", sign_header(with.by(), signs, system_clock{}.now(), nonce)},
           {"X-Troupe-Shell", secret}}};
}

asio::awaitable<void> shell_host::impl::offer_shells() {
  auto wait = first_pause;
  while (!ending) {
    boost::system::error_code ignored;
    while (shells >= most_shells)
      co_await room.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    std::string which;
    std::shared_ptr<web_socket> socket = co_await offer(which);
    if (socket) {
      wait = first_pause;
      ++shells;
      asio::co_spawn(
          io,
          [this, socket, which]() -> asio::awaitable<void> {
            co_await run_shell(socket, which);
            --shells;
            room.cancel();
            if (ending && sessions.empty())
              io.stop();
          },
          asio::detached);
      continue;
    }
    pause.expires_after(wait);
    wait = std::min(wait * 2, longest_pause);
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

// The connection of one who has come; null when it was lost, or could not be made.
asio::awaitable<std::shared_ptr<web_socket>> shell_host::impl::offer(std::string& which) {
  const auto wanted = request();
  auto socket = co_await open_web_socket(io, wanted);
  if (!socket) {
    if (!std::exchange(complained, true))
      log_message(severity::warning, "no " + kind + "s of " + with.task.str() +
                                         " can be offered: " + socket.error().message +
                                         "; tried again");
    co_return nullptr;
  }
  complained = false;
  {
    const std::lock_guard lock{guard};
    offered = true;
    changed.notify_all();
  }
  waits = std::move(*socket);
  const auto mine = waits;
  if (kind == "display")
    asio::co_spawn(
        io, [this]() -> asio::awaitable<void> { co_await tell_displays(); }, asio::detached);
  const auto said = co_await mine->read();
  waits.reset();
  if (!said || ending)
    co_return nullptr;
  if (kind == "display" && !co_await begin_display(*mine))
    co_return nullptr;
  constexpr std::size_t before_name = 5;
  which = said->size() > before_name ? said->substr(before_name) : std::string{};
  co_return mine;
}

// Who waits hears of every change, one message at a time.
asio::awaitable<void> shell_host::impl::tell_displays() {
  tell_again = true;
  if (std::exchange(telling, true))
    co_return;
  while (std::exchange(tell_again, false)) {
    const auto to = waits;
    std::string names;
    for (const auto& name : displays_in(with.displays))
      names += name + "\n";
    if (names.empty())
      names = "\n";
    if (to)
      co_await to->write(names);
  }
  telling = false;
  told.cancel();
}

// What was said of displays may be on its way, and is not for the reader.
asio::awaitable<bool> shell_host::impl::begin_display(web_socket& socket) {
  boost::system::error_code ignored;
  while (telling)
    co_await told.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  constexpr std::string_view word = "begin";
  co_return co_await socket.write(word);
}

void shell_host::impl::watch_displays() {
  const int changes = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (changes < 0)
    return;
  ::inotify_add_watch(changes, with.displays.c_str(), IN_CREATE | IN_DELETE | IN_MOVE);
  watched.assign(changes);
  asio::co_spawn(
      io, [this]() -> asio::awaitable<void> { co_await follow_displays(); }, asio::detached);
}

asio::awaitable<void> shell_host::impl::follow_displays() {
  std::array<char, 4096> ignored;
  for (;;) {
    boost::system::error_code failed;
    co_await watched.async_read_some(asio::buffer(ignored),
                                     asio::redirect_error(asio::use_awaitable, failed));
    if (failed)
      co_return;
    co_await tell_displays();
  }
}

// A display speaks through a socket, where a shell has a terminal.
outcome<terminal_ends> open_ends(bool of_display) {
  if (!of_display)
    return open_terminal();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return make_api_error(error_code::service_unavailable, "no socket can be had");
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return terminal_ends{ends[0], ends[1]};
}

asio::awaitable<void> shell_host::impl::run_shell(std::shared_ptr<web_socket> socket,
                                                  std::string which) {
  constexpr std::uint16_t trouble = 1011;
  const bool of_display = kind == "display";
  const auto terminal = open_ends(of_display);
  if (!terminal) {
    co_await socket->close(trouble, terminal.error().message);
    co_return;
  }
  const bool started = with.start(terminal->its, which);
  ::close(terminal->its);
  if (!started) {
    ::close(terminal->ours);
    co_await socket->close(trouble, "it cannot be started any more");
    co_return;
  }
  const auto session = std::make_shared<shell_session>(io, socket, terminal->ours, of_display);
  sessions.insert(session);
  co_await session->carry();
  sessions.erase(session);
}

// Readers are told. What still waits on the thread afterwards is left there, and goes with it.
void shell_host::impl::close() {
  if (!thread.joinable())
    return;
  asio::post(io, [this] {
    ending = true;
    for (const auto& session : sessions)
      session->end("the task has ended");
    if (sessions.empty())
      return io.stop();
    farewell.expires_after(longest_farewell);
    farewell.async_wait([this](const boost::system::error_code&) { io.stop(); });
  });
  thread.join();
}

std::vector<std::string> displays_in(const std::string& directory) {
  std::map<unsigned long, std::string> sorted;
  std::error_code failed;
  for (auto at = std::filesystem::directory_iterator{directory, failed};
       !failed && at != std::filesystem::directory_iterator{}; at.increment(failed)) {
    const auto name = at->path().filename().string();
    const auto number = name.substr(name.starts_with('X') ? 1 : name.size());
    constexpr std::size_t most_digits = 5;
    if (number.empty() || number.size() > most_digits ||
        number.find_first_not_of("0123456789") != std::string::npos ||
        at->symlink_status(failed).type() != std::filesystem::file_type::socket)
      continue;
    sorted[std::stoul(number)] = ":" + number;
  }
  std::vector<std::string> names;
  for (auto& [number, name] : sorted)
    names.push_back(std::move(name));
  return names;
}

shell_host::shell_host(shell_host_options options)
    : impl_(std::make_unique<impl>(std::move(options))) {}

shell_host::~shell_host() = default;

const std::string& shell_host::socket_url() const { return impl_->url; }

bool shell_host::wait_until_offered(std::chrono::milliseconds longest) {
  std::unique_lock lock{impl_->guard};
  return impl_->changed.wait_for(lock, longest, [this] { return impl_->offered; });
}

void shell_host::close() { impl_->close(); }

}  // namespace troupe
