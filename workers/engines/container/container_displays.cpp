// The displays of a run in a container: the workers contract, section 6.5.

#include "workers/caches/entry_lock.hpp"
#include "workers/engines/container/container_run.hpp"

#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto removal_limit = 60s;

}  // namespace

// What reads from an X server that a task has made is contained like the task.
std::optional<run_displays> container_run::displays(std::string& trouble) const {
  std::error_code failed;
  if (!fs::exists("/usr/bin/x11vnc", failed)) {
    trouble = "this worker lacks x11vnc (Debian: x11vnc)";
    return {};
  }
  return run_displays{directory_ + "/x11",
                      [this](const std::string& display) { return display_command(display); }};
}

// It speaks by the socket that is its standard input here, which podman hands on as number 3: as
// standard input it would become a pipe, for which it takes nothing.
command_line container_run::display_command(const std::string& display) const {
  constexpr const char* outside = "exec \"$@\" 3<&0 < /dev/null > /dev/null 2> x11vnc.log";
  constexpr const char* inside =
      "exec /usr/bin/x11vnc -inetd -quiet -noshm -shared -nopw -norc -noxrecord -display \"$1\" "
      "<&3 >&3";
  const auto own = "-display" + std::to_string(displays_++);
  auto words = room_.program.words_of_trial(
      {"run", "--rm", "--preserve-fds=1", "--name=" + name_ + own,
       "--cidfile=" + directory_ + "/id" + own, "--label=troupe.worker=" + room_.owner,
       "--pull=never", "--log-driver=none", "--network=none", "--cap-drop=all",
       "--security-opt=label=disable", "--volume=" + directory_ + "/x11:/tmp/.X11-unix"});
  words.insert(words.end(), {"/bin/sh", "-c", inside, "sh", display});
  auto all = room_.program.command(words);
  all.insert(all.begin(), {"/bin/sh", "-c", outside, "sh"});
  return {{}, std::move(all), directory_, room_.program.variables()};
}

// Those that are left were killed with the rest.
void container_run::remove_displays() {
  std::vector<std::string> names;
  const int shown = displays_.exchange(0);
  for (int i = 0; i < shown; ++i)
    names.push_back(name_ + "-display" + std::to_string(i));
  if (names.empty())
    return;
  for (auto words : {std::vector<std::string>{"stop", "--time=0", "--ignore"},
                     std::vector<std::string>{"rm", "--force", "--time=0", "--ignore"}}) {
    words.insert(words.end(), names.begin(), names.end());
    room_.program.call(words, removal_limit);
  }
  for (int i = 0; i < shown; ++i)
    room_.program.forget(small_file(directory_ + "/id-display" + std::to_string(i)));
}

}  // namespace troupe
