#include "app/chosen_server.hpp"
#include "app/commands.hpp"
#include "app/local_terminal.hpp"
#include "app/stop_signal.hpp"
#include "app/task_client.hpp"
#include "gateways/rest/uri.hpp"
#include "messages/ids.hpp"
#include "runtime/web/web_socket.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>

#include <poll.h>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

namespace troupe {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr char leave_key = 0x1d;     // Ctrl-]
constexpr char end_of_input = 0x04;  // what a terminal takes for it
// A shell that is only beginning to read loses what ends its input.
constexpr int say_again_ms = 1000;
constexpr char input_mark = 1;
constexpr char size_mark = 2;

struct shell_flags {
  chosen_server server;
  std::string task;
};

// The WebSocket in the address of the page that the artifact leads to.
std::optional<std::string> socket_of(const std::string& answer) {
  boost::system::error_code failed;
  const auto body = json::parse(answer, failed);
  const auto* url = !failed && body.is_object() ? body.get_object().if_contains("url") : nullptr;
  if (url == nullptr || !url->is_string())
    return {};
  const std::string page{url->get_string()};
  auto socket = query_value(query_of(page), "socketUrl");
  if (!socket || (!socket->starts_with("ws://") && !socket->starts_with("wss://")))
    return {};
  return socket;
}

void show(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written <= 0)
      return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// A shell on this terminal: one thread waits for keys and signals, the caller's does the rest.
class shell_view {
 public:
  explicit shell_view(std::string url) : request_{std::move(url)} {}

  /// Returns when the shell has ended, or is left; the exit code.
  int run();

 private:
  asio::awaitable<void> carry();
  void watch();
  bool take_input();
  bool take_signal(int signals);
  void send(std::string message);
  asio::awaitable<void> send_now(std::string message);
  void sent();

  web_socket_request request_;
  asio::io_context io_{1};
  std::unique_ptr<web_socket> socket_;
  std::optional<local_terminal> terminal_;
  stop_signal over_;
  std::mutex guard_;
  std::condition_variable changed_;
  bool sending_ = false;  // guarded
  bool input_ended_ = false;
  bool left_ = false;  // by whoever sits here
  int code_ = exit_unreachable;
  std::string trouble_;
};

int shell_view::run() {
  asio::co_spawn(
      io_,
      [this]() -> asio::awaitable<void> {
        co_await carry();
        io_.stop();  // a connection that was dropped has timers that go on
      },
      asio::detached);
  io_.run();
  terminal_.reset();
  if (!trouble_.empty())
    complain(trouble_);
  return code_;
}

asio::awaitable<void> shell_view::carry() {
  auto made = co_await open_web_socket(io_, request_);
  if (!made) {
    const bool gone = made.error().code == error_code::authentication_failed;
    code_ = gone ? exit_not_found : exit_unreachable;
    trouble_ = gone ? "there is no shell any more: the task has ended" : made.error().message;
    co_return;
  }
  socket_ = std::move(*made);
  terminal_.emplace();
  if (terminal_->is_there())
    std::cerr << "connected; Ctrl-] leaves the shell\r\n" << std::flush;
  std::thread watcher{[this] { watch(); }};
  for (;;) {
    const auto shown = co_await socket_->read();
    if (!shown)
      break;
    show(*shown);
  }
  over_.set();
  sent();
  watcher.join();
  const auto how = socket_->how_it_ended();
  constexpr std::uint16_t normal = 1000;
  if (left_ || how.code == normal)
    code_ = exit_fine;
  else
    trouble_ = "the connection to the shell was lost" +
               (how.reason.empty() ? std::string{} : ": " + how.reason);
}

// -- on the thread that waits ---------------------------------------------------------------------

void shell_view::watch() {
  sigset_t ends;
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
    sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const int signals = ::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  const auto send_size = [this] {
    if (const auto size = size_of_window())
      send({size_mark, static_cast<char>(size->rows & 0xff), static_cast<char>(size->rows >> 8),
            static_cast<char>(size->columns & 0xff), static_cast<char>(size->columns >> 8)});
  };
  send_size();
  while (!over_.is_set()) {
    pollfd waits[3] = {{over_.descriptor(), POLLIN, 0},
                       {signals, POLLIN, 0},
                       {input_ended_ ? -1 : STDIN_FILENO, POLLIN, 0}};
    const int ready = ::poll(waits, 3, input_ended_ ? say_again_ms : -1);
    if (ready == 0)
      send({input_mark, end_of_input});
    const bool resized = waits[1].revents != 0 && !take_signal(signals);
    if (resized)
      send_size();
    const bool leaves =
        (waits[1].revents != 0 && !resized) || (waits[2].revents != 0 && !take_input());
    if (!leaves)
      continue;
    asio::post(io_, [this] {
      left_ = true;
      socket_->drop();
    });
    break;
  }
  ::close(signals);
}

// Whether one came that ends us.
bool shell_view::take_signal(int signals) {
  signalfd_siginfo came{};
  bool ends = false;
  while (::read(signals, &came, sizeof came) > 0)
    ends = ends || came.ssi_signo != SIGWINCH;
  return ends;
}

// Whether to go on.
bool shell_view::take_input() {
  char typed[4096];
  const auto size = ::read(STDIN_FILENO, typed, sizeof typed);
  input_ended_ = size <= 0;
  std::string_view text{typed, size > 0 ? static_cast<std::size_t>(size) : 0};
  if (input_ended_)
    text = {&end_of_input, 1};
  const auto leaves = terminal_->is_there() ? text.find(leave_key) : std::string_view::npos;
  text = text.substr(0, leaves);
  if (!text.empty())
    send(std::string{input_mark}.append(text));
  return leaves == std::string_view::npos;
}

// Returns when it has left, so that nothing piles up.
void shell_view::send(std::string message) {
  std::unique_lock lock{guard_};
  sending_ = true;
  asio::post(io_, [this, message = std::move(message)] {
    asio::co_spawn(
        io_, [this, message]() -> asio::awaitable<void> { co_await send_now(message); },
        asio::detached);
  });
  changed_.wait(lock, [this] { return !sending_ || over_.is_set(); });
}

void shell_view::sent() {
  const std::lock_guard lock{guard_};
  sending_ = false;
  changed_.notify_all();
}

asio::awaitable<void> shell_view::send_now(std::string message) {
  co_await socket_->write(message);
  sent();
}

// -------------------------------------------------------------------------------------------------

int open_shell(shell_flags& flags) {
  sigset_t all;
  sigemptyset(&all);
  for (const int signal : {SIGHUP, SIGWINCH})
    sigaddset(&all, signal);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  if (const int code = choose_server(flags.server); code >= 0)
    return code;
  const auto& server = flags.server;
  const auto answer = find_shell(server.root_url, server.by, flags.task);
  if (!answer)
    return fail_with(answer.error());
  auto url = socket_of(*answer);
  if (!url) {
    complain("what the artifact of the shells leads to is no shell");
    return exit_unreachable;
  }
  return shell_view{std::move(*url)}.run();
}

}  // namespace

command add_shell_command(CLI::App& root) {
  auto* app = root.add_subcommand("shell", "opens a shell in a running task that is interactive");
  auto flags = std::make_shared<shell_flags>();
  add_server_options(*app, flags->server);
  app->add_option("taskId", flags->task, "the task")->required()->check([](const std::string& id) {
    return is_slugid(id) ? std::string{} : "must be a slugid of 22 characters, not '" + id + "'";
  });
  return [flags] { return open_shell(*flags); };
}

}  // namespace troupe
