#include "workers/engines/container/podman.hpp"

#include "runtime/files/descriptor.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>

namespace troupe {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto trial_limit = 60s;
constexpr const char* trial_image = "localhost/troupe-trial";

// The limits on open files and processes that podman sets by default are not permitted everywhere;
// locks in files are let go when a process is killed, and are not those of the machine's podman.
constexpr const char* configuration = R"([containers]
default_ulimits = []
[engine]
events_logger = "none"
lock_type = "file"
)";

api_error problem(const std::string& text) { return make_api_error(error_code::input_error, text); }

api_error complaint(const std::string& why) {
  return problem(
      "tasks cannot be run in containers on this machine (" + why +
      "); it needs the program podman with conmon and a runtime (Debian: podman, runc), and the "
      "worker to be root, or its user to have ranges in /etc/subuid and /etc/subgid (Debian: "
      "uidmap); --container-runtime, --container-storage and --container-network choose others");
}

std::vector<std::string> choices(const std::string& given, std::vector<std::string> otherwise) {
  return given.empty() ? std::move(otherwise) : std::vector{given};
}

constexpr std::string_view names_of_podman[] = {
    "PATH",       "HOME",          "TMPDIR",
    "USER",       "LANG",          "LISTEN_FDS",
    "LISTEN_PID", "NOTIFY_SOCKET", "DBUS_SESSION_BUS_ADDRESS"};
constexpr std::string_view beginnings_of_podman[] = {
    "CONTAINER",   "PODMAN",   "STORAGE_", "REGISTRY_", "DOCKER_", "XDG_",
    "_CONTAINERS", "http_",    "https_",   "HTTP_",     "HTTPS_",  "all_proxy",
    "ALL_PROXY",   "no_proxy", "NO_PROXY", "LIBPOD_",   "GO",      "LD_"};

}  // namespace

bool is_variable_of_podman(const std::string& name) {
  for (const auto own : names_of_podman)
    if (name == own)
      return true;
  for (const auto own : beginnings_of_podman)
    if (name.starts_with(own))
      return true;
  return false;
}

std::vector<std::string> podman::command(const std::vector<std::string>& words) const {
  const auto& place = options_.directory;
  // Containers of one driver are nothing to another.
  const auto storage = options_.storage.empty() ? std::string{"overlay"} : options_.storage;
  std::vector<std::string> all = {"podman",
                                  "--log-level=error",
                                  "--cgroup-manager=cgroupfs",
                                  "--storage-driver=" + storage,
                                  "--root=" + place + "/" + storage,
                                  "--runroot=" + live_ + "/run",
                                  "--tmpdir=" + live_ + "/tmp"};
  if (!options_.runtime.empty())
    all.push_back("--runtime=" + options_.runtime);
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::map<std::string, std::string> podman::variables() const {
  std::map<std::string, std::string> env;
  for (auto** at = environ; *at != nullptr; ++at) {
    const std::string_view text = *at;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos)
      continue;
    const std::string name{text.substr(0, equals)};
    if (is_variable_of_podman(name))
      env[name] = text.substr(equals + 1);
  }
  env.emplace("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  env["CONTAINERS_CONF"] = options_.directory + "/containers.conf";
  // What podman keeps there for somebody who is not root is not to be that of their own podman.
  if (is_rootless())
    env["XDG_RUNTIME_DIR"] = live_.empty() ? options_.directory : live_ + "/user";
  return env;
}

tool_answer podman::call(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                         int interruption) const {
  if (live_.empty())
    return {tool_answer::kind::not_started, -1, {}, "podman was not set up"};
  return call_tool({command(words), variables(), limit, interruption});
}

// Podman takes no long path for it. Its name comes from that of the directory, so that all workers
// which share that have the same; `live` leads to it.
outcome<void> podman::find_live_place() {
  running_digest sum;
  sum.add(options_.directory);
  const auto name = "/troupe-" + sum.hex().substr(0, 16);
  const char* own = std::getenv("XDG_RUNTIME_DIR");
  for (const std::string parent : {"/run", own != nullptr ? own : "", "/tmp"}) {
    live_ = parent + name;
    if (parent.empty() || (::mkdir(live_.c_str(), 0700) != 0 && errno != EEXIST))
      continue;
    // Where everybody may write, somebody else could have made it.
    struct stat found;
    if (::lstat(live_.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) ||
        found.st_uid != ::geteuid())
      continue;
    const auto link = options_.directory + "/live";
    ::unlink(link.c_str());
    if (::symlink(live_.c_str(), link.c_str()) == 0)
      return boost::system::in_place_value;
  }
  return problem("there is no place for podman in /run, $XDG_RUNTIME_DIR or /tmp");
}

bool podman::is_rootless() const { return ::geteuid() != 0; }

bool podman::keeps_groups() const {
  return is_rootless() && fs::path{runtime_path_}.filename() == "crun";
}

// Those users are not the worker's outside of podman's namespace of users.
void podman::open_up(const std::string& directory, bool readable) const {
  if (!is_rootless())
    return;
  constexpr auto limit = 10min;
  std::vector<std::string> words = {"unshare", "find", directory, "!", "-uid",
                                    "0",       "!",    "-type",   "l"};
  if (!readable)
    words.insert(words.end(), {"-type", "d"});
  words.insert(words.end(), {"-exec", "chmod", "a+rwX", "{}", "+"});
  call(words, limit);
}

outcome<void> podman::find_runtime() {
  const auto answer = call({"info", "--format={{.Host.OCIRuntime.Path}}"}, trial_limit);
  runtime_path_ = answer.text.substr(0, answer.text.find('\n'));
  if (!answer.good() || runtime_path_.empty())
    return problem("podman does not know its runtime: " + answer.trouble());
  return boost::system::in_place_value;
}

void podman::forget(const std::string& container_id) const {
  if (container_id.empty() || runtime_path_.empty())
    return;
  if (is_rootless())
    call({"unshare", runtime_path_, "delete", "--force", container_id}, trial_limit);
  else
    call_tool({{runtime_path_, "delete", "--force", container_id}, variables(), trial_limit});
}

// What podman knows of running containers is false after a restart of the machine, which it only
// notices where its directories are emptied by it.
outcome<void> podman::forget_last_boot() {
  const auto now = small_file("/proc/sys/kernel/random/boot_id");
  const auto known = live_ + "/boot-id";
  if (now == small_file(known))
    return boost::system::in_place_value;
  for (const auto* each : {"/run", "/tmp", "/user"})
    if (!remove_tree(live_ + each))
      return problem(live_ + each + " cannot be emptied");
  if (!replace_file(known, now))
    return problem(known + " cannot be written");
  return boost::system::in_place_value;
}

outcome<void> podman::write_configuration() {
  const auto path = options_.directory + "/containers.conf";
  if (small_file(path) != configuration && !replace_file(path, configuration))
    return problem(path + " cannot be written");
  return boost::system::in_place_value;
}

descriptor podman::lock_set_up() const {
  std::error_code failed;
  fs::create_directories(options_.directory, failed);
  descriptor lock{
      ::open((options_.directory + "/setup.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (lock && ::flock(lock.get(), LOCK_EX) != 0)
    return {};
  return lock;
}

// A podman of somebody who is not root leaves a process that holds its namespaces.
void podman::tidy() const {
  if (is_rootless())
    call({"system", "migrate"}, trial_limit);
  remove_tree(open_place());
  if (remove_tree(live_))
    ::unlink((options_.directory + "/live").c_str());
}

outcome<void> podman::set_up() {
  TROUPE_CHECK(write_configuration());
  if (const auto there = call_tool({{"podman", "--version"}, variables(), trial_limit});
      !there.good())
    return complaint("podman: " + there.trouble());
  TROUPE_CHECK(find_live_place());
  TROUPE_CHECK(forget_last_boot());
  if (is_rootless())
    ::mkdir((live_ + "/user").c_str(), 0700);
  const auto storages = choices(options_.storage, {"overlay", "vfs"});
  const auto runtimes = choices(options_.runtime, {"", "runc", "crun"});
  std::string first;
  for (const auto& storage : storages)
    for (const auto& runtime : runtimes) {
      options_.storage = storage;
      options_.runtime = runtime;
      const auto tried = try_out();
      if (tried)
        return find_runtime();
      if (first.empty())
        first = tried.error().message;
    }
  return complaint(first);
}

std::vector<std::string> podman::words_of_trial(std::vector<std::string> words) const {
  for (const auto* path : {"/usr", "/bin", "/lib", "/lib64"})
    if (std::error_code failed; fs::exists(path, failed))
      words.push_back(std::string{"--volume="} + path + ":" + path + ":ro");
  words.emplace_back(trial_image);
  return words;
}

// An image without anything in it, which has what is needed of the machine mounted.
outcome<void> podman::try_out() {
  const auto& place = options_.directory;
  const auto trouble = [](const tool_answer& answer) { return problem(answer.trouble()); };
  if (!call({"image", "exists", trial_image}, trial_limit).good()) {
    std::error_code failed;
    fs::create_directories(place + "/trial/usr", failed);
    const auto packed =
        call_tool({{"tar", "-C", place + "/trial", "-cf", place + "/trial.tar", "."},
                   variables(),
                   trial_limit});
    if (!packed.good())
      return trouble(packed);
    const auto made = call({"import", "-q", place + "/trial.tar", trial_image}, trial_limit);
    if (!made.good())
      return trouble(made);
  }
  std::vector<std::string> words = {"run",
                                    "--rm",
                                    "--pull=never",
                                    "--log-driver=none",
                                    "--security-opt=label=disable",
                                    "--network=" + options_.network};
  for (const auto& gpu : options_.gpus)
    words.push_back("--device=" + gpu);
  words = words_of_trial(std::move(words));
  words.insert(words.end(), {"/usr/bin/env", "true"});
  const auto ran = call(words, trial_limit);
  if (!ran.good())
    return trouble(ran);
  return boost::system::in_place_value;
}

}  // namespace troupe
