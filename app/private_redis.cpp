#include "app/private_redis.hpp"

#include "app/signals.hpp"
#include "runtime/store/preflight.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

namespace troupe {

namespace {

api_error trouble(std::string text) {
  return make_api_error(error_code::service_unavailable, std::move(text));
}

// A unix socket path has room for 107 characters only; a deep data directory gets a link in the
// temporary directory.
std::string socket_path_in(const std::string& directory) {
  auto path = directory + "/redis.sock";
  if (path.size() <= 100)
    return path;
  const auto short_path =
      std::filesystem::temp_directory_path() /
      ("troupe-redis-" + std::to_string(std::hash<std::string>{}(directory)) + ".sock");
  return short_path.string();
}

// The redis-server of a server that was killed takes a moment to end. Until then the files are its
// own, and its last act removes the socket, whosever it is by then; so each holds a lock while it
// lives, and the next one waits for it.
outcome<int> lock_files(const std::string& directory, std::chrono::steady_clock::time_point until) {
  const auto path = directory + "/lock";
  const int lock = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0)
    return trouble("cannot write " + path + ": " + std::strerror(errno));
  while (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const bool is_late = std::chrono::steady_clock::now() > until;
    if (!is_late && !end_is_wanted()) {
      usleep(10'000);
      continue;
    }
    close(lock);
    return trouble(is_late ? "the redis-server of an earlier server still runs on " + directory +
                                 "; end it, or name another directory with --data DIR"
                           : "ended before the redis-server of an earlier server on " + directory +
                                 " had ended");
  }
  return lock;
}

// Redis writes its file anew when it has doubled, but not before it is so large. A busy server
// fills the 64 MB of the default within seconds, and would have a second process at work most of
// the time.
constexpr const char* rewrite_from = "256mb";

// A group keeps its members in order. Short ones are lists, in which each new member is looked for
// from the beginning: a tenth of what Redis did for a life cycle in groups of a hundred. (By the
// name that Redis 6.2 knows, too.)
constexpr const char* most_in_a_list = "16";

[[noreturn]] void become_redis(const std::string& socket, const std::string& directory,
                               const std::string& log, const char* fsync, pid_t parent, int lock) {
  // Dies with the server, and takes no Ctrl-C from the terminal: the server stops it last.
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent)
    _exit(1);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int input = open("/dev/null", O_RDONLY);
  dup2(input, 0);
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(output, 1);
  dup2(output, 2);
  // All it inherits is the lock, which it holds without knowing.
  if (lock != 3)
    dup2(lock, 3);
  fcntl(3, F_SETFD, 0);
  close_range(4, ~0u, 0);
  execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket.c_str(),
         "--unixsocketperm", "700", "--dir", directory.c_str(), "--save", "", "--appendonly", "yes",
         "--appendfsync", fsync, "--auto-aof-rewrite-min-size", rewrite_from, "--maxmemory-policy",
         "noeviction", "--zset-max-ziplist-entries", most_in_a_list, "--daemonize", "no",
         static_cast<char*>(nullptr));
  _exit(127);
}

}  // namespace

outcome<private_redis> private_redis::start(const std::string& data_directory, durability durable) {
  const auto directory = data_directory + "/redis";
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  TROUPE_TRY(const int lock, lock_files(directory, patience));
  private_redis result;
  result.socket_ = socket_path_in(directory);
  ::unlink(result.socket_.c_str());
  const auto log = data_directory + "/redis.log";
  const char* fsync = durable == durability::always ? "always" : "everysec";
  const auto parent = getpid();
  result.pid_ = fork();
  if (result.pid_ < 0) {
    close(lock);
    return trouble(std::string{"cannot start redis-server: "} + std::strerror(errno));
  }
  if (result.pid_ == 0)
    become_redis(result.socket_, directory, log, fsync, parent, lock);
  close(lock);
  redis_endpoint where;
  where.unix_path = result.socket_;
  for (;;) {
    int status = 0;
    if (waitpid(result.pid_, &status, WNOHANG) == result.pid_) {
      result.pid_ = -1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return trouble(
            "redis-server is not installed; run script/bootstrap, or name a running Redis with "
            "--redis");
      return trouble("redis-server ended at once; its log " + log + " says why");
    }
    auto report = check_redis(where, std::chrono::milliseconds{100});
    if (report)
      return result;
    const auto& why = report.error().message;
    if (why.find("cannot use Redis") == std::string::npos)
      return std::move(report).error();
    if (end_is_wanted())
      return trouble("ended before redis-server answered; its log is " + log);
    // A large append-only file takes a while to load, and says so.
    if (why.find("LOADING") == std::string::npos && std::chrono::steady_clock::now() > patience)
      return trouble("redis-server runs but does not answer; its log " + log + " may say why");
  }
}

private_redis::private_redis(private_redis&& other) noexcept
    : socket_(std::move(other.socket_)), pid_(std::exchange(other.pid_, -1)) {}

private_redis& private_redis::operator=(private_redis&& other) noexcept {
  std::swap(socket_, other.socket_);
  std::swap(pid_, other.pid_);
  return *this;
}

private_redis::~private_redis() { stop(); }

void private_redis::stop() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGTERM);
  for (int i = 0; i < 1000; ++i) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      ::unlink(socket_.c_str());
      return;
    }
    usleep(5000);
  }
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace troupe
