#include "tests/support/redis_server.hpp"

#include <hiredis/hiredis.h>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace troupe::test {

redis_server::redis_server(std::string fsync) : fsync_(std::move(fsync)) {
  auto pattern = (std::filesystem::temp_directory_path() / "troupe-redis-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error("cannot make a directory for redis-server");
  directory_ = pattern;
  start();
}

redis_server::~redis_server() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void redis_server::start() {
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    const auto socket = socket_path();
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket.c_str(), "--dir",
           directory_.c_str(), "--save", "", "--appendonly", "yes", "--appendfsync", fsync_.c_str(),
           static_cast<char*>(nullptr));
    _exit(127);
  }
  for (int i = 0; i < 500; ++i) {
    if (ask("PING") == "PONG")
      return;
    if (waitpid(pid_, nullptr, WNOHANG) == pid_)
      throw std::runtime_error("redis-server does not start; run script/bootstrap");
    usleep(10'000);
  }
  throw std::runtime_error("redis-server does not answer");
}

void redis_server::kill() {
  if (pid_ <= 0)
    return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void redis_server::pause() { ::kill(pid_, SIGSTOP); }
void redis_server::resume() { ::kill(pid_, SIGCONT); }

std::string redis_server::ask(const std::string& command) const {
  auto* context = redisConnectUnixWithTimeout(socket_path().c_str(), timeval{1, 0});
  if (context == nullptr || context->err != 0) {
    if (context != nullptr)
      redisFree(context);
    return "";
  }
  redisSetTimeout(context, timeval{5, 0});
  auto* reply = static_cast<redisReply*>(redisCommand(context, command.c_str()));
  std::string result;
  if (reply != nullptr) {
    if (reply->type == REDIS_REPLY_INTEGER)
      result = std::to_string(reply->integer);
    else if (reply->str != nullptr)
      result.assign(reply->str, reply->len);
    freeReplyObject(reply);
  }
  redisFree(context);
  return result;
}

}  // namespace troupe::test
