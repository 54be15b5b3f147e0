#include "workers/engines/container/proxy_door.hpp"
#include "workers/engines/container/network_listener.hpp"

#include "tests/unit/workers/files/scratch.hpp"
#include "workers/processes/tool_call.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <future>

using namespace troupe;
namespace json = boost::json;

namespace {

constexpr std::uint16_t http_port = 80;
constexpr const char* inner_address = "127.0.0.2";

// Connects to the proxy's place and sends the answer to what it hears on.
bool greet() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(http_port);
  ::inet_pton(AF_INET, inner_address, &where.sin_addr);
  const bool there = ::connect(made, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
                     ::write(made, "hello", 5) == 5;
  ::close(made);
  return there;
}

bool raise_loopback() {
  const int made = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  const bool raised = ::ioctl(made, SIOCSIFFLAGS, &request) == 0;
  ::close(made);
  return raised;
}

// A process with a network and users of its own, as a container of somebody who is not root.
struct process_apart {
  int talk[2] = {-1, -1};
  pid_t pid = -1;
  bool made = false;

  process_apart() {
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk) == 0);
    pid = ::fork();
    if (pid == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const char ready =
          ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && raise_loopback() ? 'y' : 'n';
      char asked = 0;
      if (::write(talk[1], &ready, 1) == 1 && ::read(talk[1], &asked, 1) == 1)
        ::_exit(greet() ? 0 : 1);
      ::_exit(2);
    }
    char ready = 0;
    made = ::read(talk[0], &ready, 1) == 1 && ready == 'y';
    if (!made)
      WARN("this machine does not permit namespaces");
  }
  process_apart(const process_apart&) = delete;

  // Whether it reached the place.
  bool connects() {
    REQUIRE(::write(talk[0], "g", 1) == 1);
    int status = -1;
    REQUIRE(::waitpid(std::exchange(pid, -1), &status, 0) > 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  ~process_apart() {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    ::close(talk[0]);
    ::close(talk[1]);
  }
};

std::string heard_by(const descriptor& listener) {
  const descriptor guest{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  char text[16];
  const auto got = ::read(guest.get(), text, sizeof text);
  return {text, got > 0 ? static_cast<std::size_t>(got) : 0};
}

// What a runtime does with a hook, with the state on its standard input.
tool_answer run_hook(const scratch& place, const std::string& state) {
  const auto hook = json::parse(place.read("run/hooks/proxy.json")).at("hook").as_object();
  std::vector<std::string> words{"/bin/sh",
                                 "-c",
                                 "printf %s \"$1\" > \"$2\"; shift 2; exec \"$@\" < \"$0\"",
                                 place / "state",
                                 state,
                                 place / "state",
                                 std::string{hook.at("path").as_string()}};
  const auto& args = hook.at("args").as_array();
  for (auto at = args.begin() + 1; at != args.end(); ++at)
    words.emplace_back(at->as_string());
  return call_tool({words, {{"PATH", "/usr/bin:/bin"}}});
}

std::string state_of(pid_t pid) {
  return "{\n\"ociVersion\": \"1.0\", \"pid\": " + std::to_string(pid) + "\n}";
}

}  // namespace

TEST_CASE("a listener in the network of a process is there, and nowhere else", "[proxy_door]") {
  process_apart apart;
  if (!apart.made)
    return;
  auto listener = listen_in_network_of(apart.pid, inner_address, http_port);
  INFO((listener ? "" : listener.error().message));
  REQUIRE(listener.has_value());
  const auto taken = listen_in_network_of(apart.pid, inner_address, http_port);
  REQUIRE_FALSE(taken.has_value());
  CHECK(taken.error().message.find("the address cannot be had there") != std::string::npos);
  auto heard = std::async(std::launch::async, [&] { return heard_by(*listener); });
  const bool connected = apart.connects();
  if (!connected)
    ::shutdown(listener->get(), SHUT_RDWR);
  CHECK(connected);
  CHECK(heard.get() == "hello");
}

TEST_CASE("a listener in the network of this machine is refused", "[proxy_door]") {
  const auto own = listen_in_network_of(::getpid(), inner_address, 0);
  REQUIRE_FALSE(own.has_value());
  CHECK(own.error().message == "its network is that of this machine");
  CHECK_FALSE(listen_in_network_of(-1, inner_address, 0).has_value());
  CHECK_FALSE(listen_in_network_of(::getpid(), "nowhere", 0).has_value());
}

TEST_CASE("workers 6.4: the hook of a container waits until the proxy is in its network",
          "[proxy_door]") {
  const scratch place;
  process_apart apart;
  if (!apart.made)
    return;
  descriptor listener;
  proxy_door door{place / "run",
                  {inner_address, http_port, "taskcluster", true},
                  [&](descriptor made) { listener = std::move(made); }};
  REQUIRE(!door.words().empty());
  CHECK(door.words().back() == "--hooks-dir=" + (place / "run/hooks"));
  const auto answer = run_hook(place, state_of(apart.pid));
  INFO(answer.trouble());
  CHECK(answer.good());
  CHECK(door.trouble().empty());
  REQUIRE(bool{listener});
  CHECK(apart.connects());
  CHECK(heard_by(listener) == "hello");
}

TEST_CASE("workers 6.4: a container that the proxy does not get into does not start",
          "[proxy_door]") {
  const scratch place;
  const auto refuse = [](descriptor) { FAIL("there is nothing to serve"); };
  const proxy_place at{inner_address, http_port, "taskcluster", true};
  {
    const proxy_door door{place / "run", at, refuse};
    CHECK_FALSE(run_hook(place, state_of(::getpid())).good());
    CHECK(door.trouble() == "its network is that of this machine");
  }
  for (const auto* state : {"{}", "no JSON", "[1]", R"({"pid": "1"})", R"({"pid": 0})"}) {
    INFO(state);
    const proxy_door door{place / "run", at, refuse};
    CHECK_FALSE(run_hook(place, state).good());
    CHECK(door.trouble() == "the runtime does not name the process of the container");
  }
  // Nobody waits for a container that never came.
  const proxy_door unused{place / "run", at, refuse};
  CHECK(unused.trouble().empty());
}

TEST_CASE("networks are of a container alone unless they were there before it", "[proxy_door]") {
  for (const auto* own : {"none", "bridge", "private", "slirp4netns:mtu=1500", "ci"})
    CHECK(is_network_of_its_own(own));
  for (const auto* shared : {"host", "container:x", "ns:/run/netns/x"})
    CHECK_FALSE(is_network_of_its_own(shared));
}
