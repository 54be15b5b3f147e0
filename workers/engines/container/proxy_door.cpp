#include "workers/engines/container/proxy_door.hpp"

#include "workers/caches/entry_lock.hpp"
#include "workers/engines/container/network_listener.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

// In seconds. The worker answers at once, unless the machine is very busy.
constexpr int patience_of_hook = 300;
constexpr std::size_t longest_state = 1024 * 1024;

// Runtimes give hooks the state of the container as standard input; some break it into lines.
constexpr const char* script =
    "{ cat; printf '\\0'; } > \"$1\" && read -r word < \"$2\" && [ \"$word\" = ready ]";

// Named hooks replace podman's own choice, in which the machine's administrator may have some.
constexpr const char* usual_hooks[] = {"/usr/share/containers/oci/hooks.d",
                                       "/etc/containers/oci/hooks.d"};

std::string hook(const std::string& asked, const std::string& answer) {
  const json::object made{
      {"version", "1.0.0"},
      {"hook",
       {{"path", "/bin/sh"},
        {"args", {"sh", "-c", script, "sh", asked, answer}},
        {"env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}},
        {"timeout", patience_of_hook}}},
      {"when", {{"always", true}}},
      {"stages", {"createRuntime"}}};
  return json::serialize(made);
}

// Open for both directions, so that nobody waits for the other side to come.
descriptor open_pipe(const std::string& path) {
  ::unlink(path.c_str());
  if (::mkfifo(path.c_str(), 0600) != 0)
    return {};
  return descriptor{::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
}

}  // namespace

bool is_network_of_its_own(const std::string& network) {
  return network != "host" && !network.starts_with("container:") && !network.starts_with("ns:");
}

proxy_door::proxy_door(const std::string& directory, proxy_place place, proxy_server serve)
    : place_(std::move(place)), serve_(std::move(serve)) {
  const auto asked = directory + "/proxy-asked";
  const auto answer = directory + "/proxy-answer";
  const auto hooks = directory + "/hooks";
  std::error_code failed;
  fs::create_directories(hooks, failed);
  asked_ = open_pipe(asked);
  answer_ = open_pipe(answer);
  ending_ = descriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  if (!asked_ || !answer_ || !ending_ ||
      !replace_file(hooks + "/proxy.json", hook(asked, answer))) {
    complain("the way to it cannot be made in " + directory);
    return;
  }
  for (const auto* usual : usual_hooks)
    if (fs::is_directory(usual, failed))
      words_.push_back(std::string{"--hooks-dir="} + usual);
  words_.push_back("--hooks-dir=" + hooks);
  waiting_ = std::thread{[this] { wait_for_container(); }};
}

proxy_door::~proxy_door() {
  if (!waiting_.joinable())
    return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto told = ::write(ending_.get(), &one, sizeof one);
  waiting_.join();
}

std::string proxy_door::trouble() const {
  const std::lock_guard lock{guard_};
  return trouble_;
}

void proxy_door::complain(const std::string& what) {
  const std::lock_guard lock{guard_};
  trouble_ = what;
}

void proxy_door::wait_for_container() {
  std::string state;
  if (!take_state(state))
    return;
  const std::string word = open_for(state) ? "ready\n" : "no\n";
  [[maybe_unused]] const auto told = ::write(answer_.get(), word.data(), word.size());
}

// False when it is not wanted any more.
bool proxy_door::take_state(std::string& state) const {
  for (;;) {
    pollfd waits[2] = {{asked_.get(), POLLIN, 0}, {ending_.get(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0 && errno != EINTR)
      return false;
    if (waits[1].revents != 0)
      return false;
    char buffer[4096];
    const auto got = ::read(asked_.get(), buffer, sizeof buffer);
    if (got <= 0)
      continue;
    state.append(buffer, static_cast<std::size_t>(got));
    if (state.back() == '\0') {
      state.pop_back();
      return true;
    }
    if (state.size() > longest_state)
      return false;
  }
}

bool proxy_door::open_for(const std::string& state) {
  boost::system::error_code failed;
  const auto parsed = json::parse(state, failed);
  const auto* pid =
      !failed && parsed.is_object() ? parsed.get_object().if_contains("pid") : nullptr;
  if (pid == nullptr || !pid->is_int64() || pid->get_int64() <= 0) {
    complain("the runtime does not name the process of the container");
    return false;
  }
  auto listener =
      listen_in_network_of(static_cast<pid_t>(pid->get_int64()), place_.address, place_.port);
  if (!listener) {
    complain(listener.error().message);
    return false;
  }
  serve_(std::move(*listener));
  return true;
}

}  // namespace troupe
