#include "workers/sandbox/sandbox.hpp"

#include "runtime/files/descriptor.hpp"
#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

constexpr const char* program = "bwrap";

void add(std::vector<std::string>& to, std::initializer_list<std::string> words) {
  to.insert(to.end(), words);
}

// A path is covered by what is empty: a file by nothing, a directory by an empty one.
void hide(std::vector<std::string>& to, const std::string& path) {
  std::error_code failed;
  const auto real = fs::canonical(path, failed).string();
  if (failed || real == "/")
    return;
  if (fs::is_directory(real, failed))
    add(to, {"--tmpfs", real});
  else
    add(to, {"--ro-bind", "/dev/null", real});
}

// Below /run are the sockets of everything that listens on this machine, which a read-only mount
// does not close; but names are resolved by what some machines have there.
void hide_run(std::vector<std::string>& to) {
  add(to, {"--tmpfs", "/run"});
  for (const auto* kept : {"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"})
    add(to, {"--ro-bind-try", kept, kept});
}

// What the program says, with its exit code.
struct spoken {
  int code = -1;
  std::string text;
};

spoken listen_to(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return {-1, std::strerror(errno)};
  const descriptor read_end{ends[0]};
  descriptor write_end{ends[1]};
  std::vector<char*> argv;
  for (const auto& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0)
    return {-1, std::string{words[0]} + ": " + std::strerror(failed)};
  write_end = {};
  spoken result;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(read_end.get(), buffer, sizeof buffer)) > 0;)
    result.text.append(buffer, static_cast<std::size_t>(got));
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace

// The order is that of the mounts: what is hidden comes before what is shown within it. Processes
// of other tasks and of the worker are in other namespaces, so they can neither be seen nor traced.
std::vector<std::string> sandboxed(const sandbox_rules& rules, const std::string& directory,
                                   const std::vector<std::string>& words) {
  std::vector<std::string> all = {program,         "--unshare-user", "--unshare-pid",
                                  "--unshare-ipc", "--unshare-uts",  "--unshare-cgroup-try"};
  if (!rules.network)
    all.emplace_back("--unshare-net");
  add(all, {"--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"});
  hide_run(all);
  add(all, {"--bind", directory + "/tmp", "/tmp", "--tmpfs", "/var/tmp"});
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    hide(all, home);
  for (const auto& path : rules.hidden)
    hide(all, path);
  for (const auto& path : rules.shown)
    add(all, {"--ro-bind", path, path});
  for (const auto& path : rules.devices)
    add(all, {"--dev-bind", path, path});
  const auto work = directory + "/work";
  add(all, {"--bind", work, work, "--chdir", work, "--"});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

outcome<void> try_sandbox(const sandbox_rules& rules, const std::string& place) {
  std::error_code failed;
  const auto directory = place + "/sandbox-trial";
  for (const auto* name : {"/work", "/tmp"})
    fs::create_directories(directory + name, failed);
  const auto answer = listen_to(sandboxed(rules, directory, {"true"}));
  remove_tree(directory);
  if (answer.code == 0)
    return boost::system::in_place_value;
  auto text = answer.text.substr(0, 500);
  while (text.ends_with('\n'))
    text.pop_back();
  return make_api_error(
      error_code::input_error,
      "tasks cannot be run by bubblewrap on this machine (" + text +
          "); it needs the program bwrap (Debian: bubblewrap) and user namespaces (sysctl "
          "user.max_user_namespaces, kernel.unprivileged_userns_clone, and "
          "kernel.apparmor_restrict_unprivileged_userns=0 where there is AppArmor)");
}

}  // namespace troupe
