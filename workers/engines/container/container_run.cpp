#include "workers/engines/container/container_run.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/log/log.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/trees.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto copy_limit = 30min;
constexpr auto removal_limit = 60s;
constexpr std::uint16_t http_port = 80;
constexpr const char* proxy_host = "taskcluster";
// What a line of podman's file of variables can hold, with room to spare.
constexpr std::size_t longest_line = 32 * 1024;

timestamp now() { return system_clock{}.now(); }

std::string after_slash(const std::string& pool) { return pool.substr(pool.find('/') + 1); }

// Three digits are enough.
std::string seconds_of(std::chrono::milliseconds time) {
  auto text = std::to_string(static_cast<double>(time.count()) / 1000.0);
  return text.substr(0, text.find('.') + 4);
}

bool fits_a_line(const std::string& name, const std::string& value) {
  return name.find_first_of("\n\r#") == std::string::npos && name.find(' ') == std::string::npos &&
         value.find_first_of("\n\r") == std::string::npos &&
         name.size() + value.size() < longest_line;
}

}  // namespace

std::size_t remove_links_out_of(const std::string& directory) {
  std::error_code failed;
  const auto root = fs::canonical(directory, failed);
  std::vector<fs::path> bad;
  for (auto at = fs::recursive_directory_iterator{root, failed};
       !failed && at != fs::recursive_directory_iterator{}; at.increment(failed)) {
    std::error_code broken;
    if (!at->is_symlink(broken))
      continue;
    const auto leads = fs::weakly_canonical(at->path(), broken);
    const auto relative = leads.lexically_relative(root);
    if (broken || relative.empty() || *relative.begin() == "..")
      bad.push_back(at->path());
  }
  for (const auto& path : bad)
    ::unlink(path.c_str());
  return bad.size();
}

container_run::container_run(const container_room& room, const run_facts& facts,
                             std::vector<std::string>& problems)
    : container_run(room, facts, read_container_payload(payload_of(facts.task), problems),
                    problems) {}

container_run::container_run(const container_room& room, const run_facts& facts,
                             container_payload payload, std::vector<std::string>& problems)
    : room_(room),
      name_("troupe-" + facts.task_id + "-" + facts.run_id),
      directory_(fs::absolute(facts.directory).string()),
      payload_(std::move(payload)) {
  check_payload(payload_.common, facts.task, problems);
  const auto& options = room_.program.options();
  check_offers(payload_.common, {options.signs, true, {true, true}}, problems);
  check_machine(problems);
}

void container_run::check_machine(std::vector<std::string>& problems) const {
  const auto& options = room_.program.options();
  if (payload_.common.proxy && options.network != "host" && !is_network_of_its_own(options.network))
    problems.emplace_back(
        "features.taskclusterProxy: the containers of this worker have a network that was there "
        "before them, so others would reach their proxy; start it with --container-network host, "
        "none, or bridge");
  if (payload_.privileged && !options.privileged)
    problems.emplace_back(
        "capabilities.privileged: this worker does not allow it; start it with "
        "--container-privileged");
  const auto kinds = room_.devices.kinds();
  if (payload_.common.devices.video && !kinds.video)
    problems.emplace_back(
        "capabilities.devices.loopbackVideo: this worker lends no such device; on a machine with "
        "v4l2loopback start it with --loopback-video /dev/video<n>");
  if (payload_.common.devices.audio && !kinds.audio)
    problems.emplace_back(
        "capabilities.devices.loopbackAudio: this worker lends no such device; on a machine with "
        "snd-aloop start it with --loopback-audio /dev/snd");
  if (payload_.docker && !options.nested)
    problems.emplace_back(
        "features.dind: this worker does not allow it; start it with --container-nested");
  if (payload_.kvm && ::access("/dev/kvm", F_OK) != 0)
    problems.emplace_back("capabilities.devices.kvm: this machine has no /dev/kvm");
}

container_run::~container_run() { remove(); }

std::vector<std::string> container_run::needed_scopes() const {
  auto scopes = container_scopes(payload_);
  const auto& image = payload_.image;
  if (image.is_pulled() && has_credentials(room_.program.options().registry_auth, image.name))
    scopes.push_back("docker-worker:image:" + image.name);
  return scopes;
}

std::vector<std::vector<std::string>> container_run::scope_choices() const {
  return container_scope_choices(payload_, room_.program.options().pool);
}

std::optional<run_verdict> container_run::prepare(run_desk& desk) {
  if (const auto because = room_.images.get(payload_.image, directory_, desk, image_))
    return because;
  std::error_code failed;
  for (const auto& [directory, place] : payload_.volumes)
    fs::create_directories(directory_ + "/work/" + directory, failed);
  // Containers may have other users than root.
  for (const auto* places : {&payload_.volumes, &payload_.caches})
    for (const auto& [directory, place] : *places)
      ::chmod((directory_ + "/work/" + directory).c_str(), 01777);
  if (payload_.common.devices.any())
    if (auto lent = room_.devices.lend(payload_.common.devices, desk))
      lent_ = std::move(*lent);
  if (payload_.common.interactive) {
    const auto sockets = directory_ + "/x11";
    fs::create_directories(sockets, failed);
    ::chmod(sockets.c_str(), 01777);
  }
  if (payload_.docker) {
    nested_ = std::make_unique<nested_podman>(room_.program, directory_ + "/nested",
                                              name_ + "-nested", room_.owner);
    if (const auto made = nested_->make(); !made) {
      desk.note_error("The task cannot have a docker of its own: " + made.error().message + ".");
      return run_verdict::internal;
    }
  }
  return {};
}

// Each task has an address of its own, at the port of which plain names are looked for. Where that
// is not permitted, or taken, the URL names another.
std::vector<proxy_place> container_run::proxy_places() const {
  if (is_network_of_its_own(room_.program.options().network))
    return {{"127.0.0.2", http_port, proxy_host, true}};
  constexpr int attempts = 4;
  std::vector<proxy_place> places;
  for (int i = 0; i < attempts; ++i) {
    const auto number = thread_random().next();
    places.push_back({"127." + std::to_string(64 + number % 128) + "." +
                          std::to_string((number >> 8) % 256) + "." +
                          std::to_string(1 + (number >> 16) % 254),
                      http_port, proxy_host, false});
  }
  places.push_back({"127.0.0.1", 0, proxy_host, false});
  return places;
}

void container_run::add_rights(std::vector<std::string>& words) const {
  if (payload_.privileged)
    words.emplace_back("--privileged");
  else if (payload_.allow_ptrace)
    words.emplace_back("--cap-add=SYS_PTRACE");
  if (payload_.disable_seccomp)
    words.emplace_back("--security-opt=seccomp=unconfined");
  if (payload_.kvm)
    words.emplace_back("--device=/dev/kvm");
  const auto& gpus = room_.program.options().gpus;
  if (room_.program.keeps_groups() && (payload_.kvm || !lent_.paths().empty() || !gpus.empty()))
    words.emplace_back("--group-add=keep-groups");
  for (const auto& path : lent_.paths())
    words.push_back("--device=" + path);
  for (const auto& gpu : gpus)
    words.push_back("--device=" + gpu);
  if (payload_.host_shared_memory)
    words.emplace_back("--volume=/dev/shm:/dev/shm");
  else
    words.emplace_back("--shm-size=1800m");
}

void container_run::add_mounts(std::vector<std::string>& words) const {
  for (const auto* places : {&payload_.caches, &payload_.volumes})
    for (const auto& [directory, place] : *places)
      words.push_back("--volume=" + directory_ + "/work/" + directory + ":" + place);
  if (payload_.common.interactive)
    words.push_back("--volume=" + directory_ + "/x11:/tmp/.X11-unix");
}

// Values are in nobody's list of processes. What does not fit into a line of the file is taken by
// podman from its own variables, unless it would take them for its own settings.
void container_run::add_variables(std::vector<std::string>& words,
                                  const std::map<std::string, std::string>& fixed,
                                  std::map<std::string, std::string>& env) const {
  const auto& options = room_.program.options();
  auto all = payload_.common.env;
  for (const auto& [name, value] : fixed)
    all[name] = value;
  all["TASKCLUSTER_WORKER_TYPE"] = after_slash(options.pool);
  all["TASKCLUSTER_WORKER_GROUP"] = options.group;
  if (!payload_.work.empty())
    all["TASK_WORKDIR"] = payload_.work;
  if (!lent_.video().empty())
    all["TASKCLUSTER_VIDEO_DEVICE"] = lent_.video();
  const auto path = directory_ + "/variables";
  ::unlink(path.c_str());
  const descriptor made{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  std::ofstream file{path, std::ios::binary | std::ios::app};
  for (const auto& [name, value] : all) {
    if (fits_a_line(name, value)) {
      file << name << '=' << value << '\n';
    } else if (is_variable_of_podman(name)) {
      words.push_back("--env=" + name + "=" + value);
    } else {
      words.push_back("--env=" + name);
      env[name] = value;
    }
  }
  words.push_back("--env-file=" + path);
}

void container_run::add_proxy(std::vector<std::string>& words, const run_surroundings& around) {
  words.push_back(std::string{"--add-host="} + proxy_host + ":" + around.proxy->address);
  if (!around.proxy->within)
    return;
  door_ = std::make_unique<proxy_door>(directory_, *around.proxy, around.serve_proxy);
  words.insert(words.begin(), door_->words().begin(), door_->words().end());
}

std::vector<std::string> container_run::words_for(const run_surroundings& around,
                                                  const std::vector<std::string>& more,
                                                  std::map<std::string, std::string>& env) {
  const auto& options = room_.program.options();
  std::vector<std::string> words = {"run",
                                    "--name=" + name_,
                                    "--label=troupe.worker=" + room_.owner,
                                    "--cidfile=" + directory_ + "/container-id",
                                    "--pull=never",
                                    "--log-driver=none",
                                    "--pids-limit=-1",
                                    "--systemd=false",
                                    "--security-opt=label=disable",
                                    "--network=" + options.network,
                                    "--add-host=localhost.localdomain:127.0.0.1"};
  words.insert(words.end(), more.begin(), more.end());
  if (around.proxy)
    add_proxy(words, around);
  add_rights(words);
  add_mounts(words);
  if (nested_)
    for (auto& word : nested_->words())
      words.push_back(std::move(word));
  add_variables(words, around.fixed, env);
  words.push_back(image_.id);
  made_ = true;
  started_ = now();
  return words;
}

std::vector<command_line> container_run::commands(const run_surroundings& around) {
  auto env = room_.program.variables();
  auto words = words_for(around, {"--tty"}, env);
  std::string shown;
  for (const auto& command : payload_.common.commands)
    for (const auto& word : command) {
      words.push_back(word);
      shown += (shown.empty() ? "" : " ") + word;
    }
  auto command = room_.program.command(words);
  if (nested_)
    command = nested_->before(command);
  return {{shown.empty() ? "the command of the image" : shown, std::move(command), directory_,
           std::move(env)}};
}

// A shell may be wanted while the container is still being made; whoever waits sees dots.
std::optional<command_line> container_run::shell(const run_surroundings&) const {
  constexpr const char* script =
      "name=$1; shift; i=0; "
      "until [ $i -ge 100 ] || "
      "[ \"$(\"$@\" container inspect --format '{{.State.Running}}' $name 2>/dev/null)\" = true ]; "
      "do printf .; sleep 0.2; i=$((i + 1)); done; "
      "exec \"$@\" exec --interactive --tty --env=TERM=xterm-256color $name "
      "/bin/sh -c 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'";
  std::vector<std::string> words = {"/bin/sh", "-c", script, "sh", name_};
  for (auto& word : room_.program.command({}))
    words.push_back(std::move(word));
  return command_line{{}, std::move(words), directory_, room_.program.variables()};
}

bool container_run::was_kept_back(run_desk& desk) const {
  if (const auto why = door_ ? door_->trouble() : std::string{}; !why.empty()) {
    desk.note_error("The proxy has no place in the network of the container: " + why + ".");
    return true;
  }
  if (nested_ && nested_->failed()) {
    desk.note_error("The docker of this task did not come up.");
    return true;
  }
  return false;
}

run_verdict container_run::judge(const exit_result& exit, run_desk& desk) {
  ended_ = true;
  if (was_kept_back(desk))
    return run_verdict::internal;
  const auto result = engine_run::judge(exit, desk);
  constexpr int signal_base = 128;
  const int code = exit.signal != 0 ? signal_base + exit.signal : exit.code;
  desk.note(std::string{result == run_verdict::completed ? "Successful" : "Unsuccessful"} +
            " task run with exit code: " + std::to_string(code) + " completed in " +
            seconds_of(now() - started_) + " seconds");
  return result;
}

// When everything was killed, there was nobody to tell podman of it: it takes the container for a
// running one until it is told to end that.
void container_run::settle() {
  door_.reset();
  remove_displays();
  if (nested_ && !nested_->remove())
    log_message(severity::warning, "the docker of " + name_ + " could not be removed");
  nested_.reset();
  if (made_ && !ended_) {
    room_.program.call({"stop", "--time=0", "--ignore", name_}, removal_limit);
    killed_ = true;
  }
  ended_ = true;
}

// Artifacts are copied out of the container that has ended; what is missing is found to be so where
// it would be.
void container_run::gather(run_desk& desk) {
  const auto place = directory_ + "/gathered";
  std::error_code failed;
  fs::create_directories(place, failed);
  settle();
  for (const auto& [directory, inside] : payload_.volumes)
    room_.program.open_up(directory_ + "/work/" + directory, true);
  if (payload_.saves_image)
    save_image(place, desk);
  for (const auto& artifact : payload_.common.artifacts) {
    if (payload_.volumes.contains(artifact.path)) {
      remove_links_out_of(directory_ + "/work/" + artifact.path);
      continue;
    }
    if (auto there = place_of(artifact)) {
      found_[artifact.path] = std::move(*there);
      continue;
    }
    const auto to = place + "/" + std::to_string(found_.size());
    if (found_.try_emplace(artifact.path, to).second)
      copy_out(artifact, to, desk);
  }
}

std::optional<std::string> container_run::place_of(const payload_artifact&) const { return {}; }

void container_run::copy_out(const payload_artifact& artifact, const std::string& to,
                             run_desk& desk) {
  const auto from = artifact.path.starts_with('/') ? artifact.path : "/" + artifact.path;
  const auto copied =
      room_.program.call({"cp", name_ + ":" + from, to}, copy_limit, desk.interruption());
  std::error_code failed;
  if (!copied.good())
    desk.note_warning("Artifact " + artifact.name + ": " + from +
                      " was not got out of the container: " + copied.trouble());
  else if (fs::is_directory(fs::symlink_status(to, failed)))
    remove_links_out_of(to);
  else if (fs::is_symlink(fs::symlink_status(to, failed)))
    ::unlink(to.c_str());
}

// What cannot be saved is a missing artifact.
void container_run::save_image(const std::string& place, run_desk& desk) {
  const auto image = place + "/image.tar";
  const auto complain = [&desk](const std::string& what, const tool_answer& answer) {
    if (!answer.good())
      desk.note_error(what + " could not be saved: " + answer.trouble());
  };
  found_[std::string{saved_image_path}] = image;
  auto saved = room_.program.call({"commit", "-q", name_}, copy_limit, desk.interruption());
  const auto id = saved.text.substr(0, saved.text.find('\n'));
  if (saved.good()) {
    saved = room_.program.call({"save", "-q", "--format=docker-archive", "-o", image, id},
                               copy_limit, desk.interruption());
    room_.program.call({"rmi", "-f", id}, removal_limit);
  }
  complain("The container", saved);
  for (const auto& [directory, inside] : payload_.caches) {
    const auto packed = place + "/" + directory + ".tar";
    found_[saved_cache_path(directory)] = packed;
    complain("The cache at " + inside,
             call_tool({{"tar", "-C", directory_ + "/work/" + directory, "-cf", packed, "."},
                        room_.program.variables(),
                        copy_limit,
                        desk.interruption()}));
  }
}

std::string container_run::path_of(const payload_artifact& artifact) const {
  const auto at = found_.find(artifact.path);
  return at != found_.end() ? at->second : artifact.path;
}

json::object container_run::certified_environment() const {
  json::object facts;
  facts["imageHash"] = "sha256:" + image_.id;
  if (!image_.artifact_sha256.empty())
    facts["imageArtifactHash"] = "sha256:" + image_.artifact_sha256;
  return facts;
}

void container_run::close(run_desk& desk) {
  if (!remove())
    desk.note_warning("The container of this task could not be removed.");
  for (const auto* places : {&payload_.volumes, &payload_.caches})
    for (const auto& [directory, inside] : *places)
      room_.program.open_up(directory_ + "/work/" + directory, false);
  if (!payload_.work.empty())
    room_.program.open_up(payload_.work, false);
  image_.use = {};
  lent_ = {};
  room_.images.sweep();
}

bool container_run::remove() {
  if (!made_)
    return true;
  settle();
  made_ = false;
  const auto removed = room_.program.call(
      {"rm", "--force", "--time=0", "--volumes", "--ignore", name_}, removal_limit);
  if (killed_)
    room_.program.forget(small_file(directory_ + "/container-id"));
  if (!removed.good())
    log_message(severity::warning,
                "the container " + name_ + " could not be removed: " + removed.trouble());
  return removed.good();
}

}  // namespace troupe
