#include "workers/engines/container/nested_podman.hpp"

#include "runtime/clock/random.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/trees.hpp"
#include "workers/processes/shell_words.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr auto trial_limit = 120s;
constexpr auto removal_limit = 60s;

// Users above those that systems give to people, services, and containers of their own. Which ones
// a task has is drawn: tasks at the same time are apart by their namespaces as well.
constexpr unsigned first_of_all_users = 0x70000000;
constexpr unsigned users_of_a_task = 65536;
constexpr unsigned ranges = 4096;

// What is in its file system of the machine, for reading.
constexpr const char* programs[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64"};
constexpr const char* settings[] = {"/etc/alternatives",    "/etc/containers", "/etc/cni",
                                    "/etc/ca-certificates", "/etc/pki",        "/etc/ssl",
                                    "/etc/protocols",       "/etc/services"};

// Root of a range of users cannot make control groups. Podman knows how to go without them, and how
// to do the rest, when it is told that somebody without rights has made that range for it.
constexpr const char* set_up = R"(
mkdir -p /run/user/0 /run/state /run/storage
printf '[containers]\ndefault_ulimits = []\nnetns = "host"\nlog_driver = "k8s-file"\n' > /run/containers.conf
printf '[engine]\nevents_logger = "file"\nlock_type = "file"\n' >> /run/containers.conf
export CONTAINERS_CONF=/run/containers.conf XDG_RUNTIME_DIR=/run/user/0 BUILDAH_ISOLATION=chroot
export _CONTAINERS_USERNS_CONFIGURED=done _CONTAINERS_ROOTLESS_UID=1 _CONTAINERS_ROOTLESS_GID=1
call() { podman --log-level=error --cgroup-manager=cgroupfs "--storage-driver=$DRIVER" \
  --root=/storage/all --runroot=/run/storage --tmpdir=/run/state "$@"; }
)";

// Everybody in the task may use it, as whoever they are there.
constexpr const char* serve = R"(
call system service --time=0 unix:///socket/docker.sock > /socket/log 2>&1 &
until [ -S /socket/docker.sock ]; do kill -0 $! || exit; sleep 0.05; done
chmod 666 /socket/docker.sock
touch /socket/ready
wait
)";

constexpr const char* trial = R"(
tar -C /socket -cf - --files-from=/dev/null | call import -q - localhost/trial > /dev/null
mounts=; for each in /usr /bin /lib /lib64; do [ -e $each ] && mounts="$mounts --volume=$each:$each:ro"; done
call run --rm --pull=never --network=host $mounts localhost/trial /usr/bin/env true
)";

constexpr const char* trial_name = "troupe-trial-nested";

// In tenths of a second: how long it may take to come up.
constexpr const char* patience = "600";

api_error problem(const std::string& what) {
  return make_api_error(error_code::input_error, what + ": " + std::strerror(errno));
}

// Who has a network of their own within needs the device for it, which the machine may keep to
// root.
bool make_tunnel_device(const std::string& path) {
  constexpr auto tunnel_major = 10;
  constexpr auto tunnel_minor = 200;
  return ::mknod(path.c_str(), S_IFCHR | 0666, makedev(tunnel_major, tunnel_minor)) == 0 &&
         ::chmod(path.c_str(), 0666) == 0;
}

}  // namespace

nested_podman::nested_podman(const podman& program, std::string directory, std::string name,
                             std::string owner)
    : program_(program),
      directory_(std::move(directory)),
      name_(std::move(name)),
      owner_(std::move(owner)),
      root_(program.open_place() + "/" + name_),
      first_user_(first_of_all_users +
                  static_cast<unsigned>(thread_random().next() % ranges) * users_of_a_task) {}

nested_podman::~nested_podman() { remove(); }

outcome<void> nested_podman::make() {
  std::error_code failed;
  ::mkdir(program_.open_place().c_str(), 0711);
  // Podman would make what it needs in the file system as the worker's user.
  for (const auto& path :
       {root_, root_ + "/etc", root_ + "/run", root_ + "/tmp", root_ + "/var", root_ + "/var/tmp",
        directory_ + "/storage", directory_ + "/temporary", directory_ + "/socket"}) {
    fs::create_directories(path, failed);
    if (::chown(path.c_str(), first_user_, first_user_) != 0)
      return problem(path + " cannot be made for other users");
  }
  if (fs::exists("/dev/net/tun", failed) && !make_tunnel_device(directory_ + "/tun"))
    return problem(directory_ + "/tun cannot be made");
  return boost::system::in_place_value;
}

// It has every right over its users, and none over those of the machine. Its own /proc is not
// covered, since what it starts could not have one otherwise.
std::vector<std::string> nested_podman::container(const std::string& script, bool detached) const {
  const auto users = "0:" + std::to_string(first_user_) + ":" + std::to_string(users_of_a_task);
  std::vector<std::string> words = {"run",
                                    "--name=" + name_,
                                    "--label=troupe.worker=" + owner_,
                                    "--cidfile=" + directory_ + "/container-id",
                                    detached ? "--detach" : "--rm",
                                    "--log-driver=none",
                                    "--pids-limit=-1",
                                    "--systemd=false",
                                    "--uidmap=" + users,
                                    "--gidmap=" + users,
                                    "--cap-add=all",
                                    "--security-opt=seccomp=unconfined",
                                    "--security-opt=apparmor=unconfined",
                                    "--security-opt=label=disable",
                                    "--security-opt=unmask=ALL",
                                    "--network=" + program_.options().network,
                                    "--read-only",
                                    "--read-only-tmpfs=false",
                                    "--tmpfs=/tmp",
                                    "--tmpfs=/run",
                                    "--volume=" + directory_ + "/storage:/storage",
                                    "--volume=" + directory_ + "/temporary:/var/tmp",
                                    "--volume=" + directory_ + "/socket:/socket",
                                    "--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
                                    "--env=HOME=/var/tmp",
                                    "--env=DRIVER=" + program_.options().storage};
  std::error_code failed;
  for (const auto* path : programs)
    if (fs::exists(path, failed))
      words.push_back(std::string{"--volume="} + path + ":" + path + ":ro");
  for (const auto* path : settings)
    if (fs::is_directory(path, failed) || fs::is_regular_file(path, failed))
      words.push_back(std::string{"--volume="} + path + ":" + path + ":ro");
  if (fs::exists(directory_ + "/tun", failed)) {
    words.push_back("--volume=" + directory_ + "/tun:/dev/net/tun");
    words.emplace_back("--device-cgroup-rule=c 10:200 rwm");
  }
  words.insert(words.end(), {"--rootfs", root_, "/bin/sh", "-c", set_up + script});
  return words;
}

outcome<void> nested_podman::try_out() {
  TROUPE_CHECK(make());
  const auto ran = program_.call(container(trial, false), trial_limit);
  started_ = true;
  if (!ran.good())
    return make_api_error(error_code::input_error, ran.trouble());
  return boost::system::in_place_value;
}

std::vector<std::string> nested_podman::words() const {
  return {"--volume=" + directory_ + "/socket/docker.sock:/var/run/docker.sock"};
}

std::vector<std::string> nested_podman::before(const std::vector<std::string>& command) {
  const auto ready = shell_words({directory_ + "/socket/ready"});
  const auto script = shell_words(program_.command(container(serve, true))) +
                      " > /dev/null || exit; i=0; until [ -e " + ready + " ] || [ $i -ge " +
                      patience + " ]; do sleep 0.1; i=$((i + 1)); done; [ -e " + ready +
                      " ] || { cat " + shell_words({directory_ + "/socket/log"}) +
                      "; exit 1; }; exec \"$@\"";
  std::vector<std::string> words = {"/bin/sh", "-c", script, "sh"};
  words.insert(words.end(), command.begin(), command.end());
  started_ = true;
  return words;
}

bool nested_podman::failed() const {
  std::error_code failed;
  return started_ && !fs::exists(directory_ + "/socket/ready", failed);
}

bool nested_podman::remove() {
  remove_tree(root_);
  if (!started_)
    return true;
  started_ = false;
  program_.call({"stop", "--time=0", "--ignore", name_}, removal_limit);
  const auto removed =
      program_.call({"rm", "--force", "--time=0", "--ignore", name_}, removal_limit);
  program_.forget(small_file(directory_ + "/container-id"));
  return removed.good();
}

outcome<void> try_nested_podman(const podman& program) {
  const auto directory = program.options().directory + "/trial-nested";
  remove_tree(directory);
  outcome<void> tried = boost::system::in_place_value;
  {
    program.call({"rm", "--force", "--time=0", "--ignore", trial_name}, removal_limit);
    nested_podman made{program, directory, trial_name, "trial"};
    tried = made.try_out();
  }
  remove_tree(directory);
  if (tried)
    return tried;
  return make_api_error(
      error_code::input_error,
      "tasks cannot have a docker of their own on this machine (" + tried.error().message +
          "); it needs a system that lets other users than root make containers (Debian: "
          "slirp4netns and iptables beside podman), or a worker without --container-nested");
}

}  // namespace troupe
