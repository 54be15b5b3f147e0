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
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>
#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

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
        url(as_socket_url(with.root_url) + "/shell/" + secret),
        pause(io),
        farewell(io),
        room(io, asio::steady_timer::time_point::max()) {
    asio::co_spawn(
        io, [this]() -> asio::awaitable<void> { co_await offer_shells(); }, asio::detached);
    thread = std::thread{[this] { io.run(); }};
  }

  ~impl() { close(); }

  asio::awaitable<void> offer_shells();
  asio::awaitable<std::unique_ptr<web_socket>> offer();
  asio::awaitable<void> run_shell(std::shared_ptr<web_socket> socket);
  web_socket_request request() const;
  void close();

  shell_host_options with;
  const std::string secret;
  const std::string url;
  asio::io_context io{1};
  asio::steady_timer pause;
  asio::steady_timer farewell;
  asio::steady_timer room;  // cancelled when a shell has ended
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
  const auto target = "/api/troupe/v1/shell/" + with.task.str() + "/" + std::to_string(with.run);
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
    std::shared_ptr<web_socket> socket = co_await offer();
    if (socket) {
      wait = first_pause;
      ++shells;
      asio::co_spawn(
          io,
          [this, socket]() -> asio::awaitable<void> {
            co_await run_shell(socket);
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
asio::awaitable<std::unique_ptr<web_socket>> shell_host::impl::offer() {
  const auto wanted = request();
  auto socket = co_await open_web_socket(io, wanted);
  if (!socket) {
    if (!std::exchange(complained, true))
      log_message(severity::warning, "no shells of " + with.task.str() + " can be offered: " +
                                         socket.error().message + "; tried again");
    co_return nullptr;
  }
  complained = false;
  {
    const std::lock_guard lock{guard};
    offered = true;
    changed.notify_all();
  }
  const auto said = co_await (*socket)->read();
  if (!said || ending)
    co_return nullptr;
  co_return std::move(*socket);
}

asio::awaitable<void> shell_host::impl::run_shell(std::shared_ptr<web_socket> socket) {
  constexpr std::uint16_t trouble = 1011;
  const auto terminal = open_terminal();
  if (!terminal) {
    co_await socket->close(trouble, terminal.error().message);
    co_return;
  }
  const bool started = with.start(terminal->its);
  ::close(terminal->its);
  if (!started) {
    ::close(terminal->ours);
    co_await socket->close(trouble, "a shell cannot be started any more");
    co_return;
  }
  const auto session = std::make_shared<shell_session>(io, socket, terminal->ours);
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
