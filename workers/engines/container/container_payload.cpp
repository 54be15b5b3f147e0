#include "workers/engines/container/container_payload.hpp"

#include "messages/json_members.hpp"
#include "messages/timestamp.hpp"
#include "workers/engines/payload_parts.hpp"
#include "workers/files/unpacking.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace troupe {

namespace json = boost::json;

namespace {

// What was once there, and what to do.
const std::map<std::string_view, std::string_view> missing_features = {
    {"relengAPIProxy", "there is no such proxy any more; use features.taskclusterProxy"},
    {"balrogVPNProxy", "there is no such proxy any more"},
    {"balrogStageVPNProxy", "there is no such proxy any more"},
    {"testdroidProxy", "there is no such proxy any more"},
};

bool read_switch(const json::value& from, const std::string& where, lines& problems) {
  if (!from.is_bool())
    problems.push_back(where + ": must be true or false");
  return from.is_bool() && from.get_bool();
}

// The format in which an artifact is packed, by the ending of its name.
void read_packing(const std::string& path, container_image& out, lines& problems) {
  std::string problem;
  if (const auto format = packing_of(path, problem))
    out.format = *format;
  else
    problems.push_back("image.path: " + problem);
}

void read_artifact_image(const json::object& from, bool of_index, container_image& out,
                         lines& problems) {
  const char* by = of_index ? "namespace" : "taskId";
  check_keys(from, {"type", by, "path"}, "image", problems);
  auto& key = of_index ? out.content.index_path : out.content.task_id;
  key = read_string(from, by, "image", problems);
  if (key.empty())
    problems.push_back("image." + std::string{by} + ": must be given");
  out.content.artifact = read_string(from, "path", "image", problems);
  if (out.content.artifact.empty())
    problems.emplace_back("image.path: must name an artifact");
  else
    read_packing(out.content.artifact, out, problems);
}

void read_image_name(const std::string& name, container_image& out, lines& problems) {
  const auto whole = whole_image_name(name);
  if (whole)
    out.name = *whole;
  else
    problems.push_back("image: '" + name +
                       "' must be the name of an image, [registry/]name[:tag] or [...]@sha256:...");
}

void read_image(const json::object& from, container_image& out, lines& problems) {
  const auto* image = from.if_contains("image");
  if (image != nullptr && image->is_string())
    return read_image_name(std::string{image->get_string()}, out, problems);
  if (image == nullptr || !image->is_object())
    return problems.push_back("image: must be the name of an image, or an object with its type");
  const auto& object = image->get_object();
  const auto type = read_string(object, "type", "image", problems);
  if (type == "docker-image") {
    check_keys(object, {"type", "name"}, "image", problems);
    return read_image_name(read_string(object, "name", "image", problems), out, problems);
  }
  if (type == "indexed-image" || type == "task-image")
    return read_artifact_image(object, type == "indexed-image", out, problems);
  problems.emplace_back("image.type: must be 'docker-image', 'indexed-image' or 'task-image'");
}

void read_command(const json::object& from, task_payload& out, lines& problems) {
  const auto* command = from.if_contains("command");
  if (command == nullptr)
    return;
  std::vector<std::string> words;
  if (command->is_array())
    for (const auto& word : command->get_array())
      if (word.is_string())
        words.emplace_back(word.get_string());
  if (!command->is_array() || words.size() != command->get_array().size())
    return problems.push_back("command: must be a list of strings");
  if (!words.empty())
    out.commands.push_back(std::move(words));
}

// A colon would end the path for the program that mounts it.
void check_mount_point(const std::string& path, const std::string& where, lines& problems) {
  if (!path.starts_with('/') || path.find(':') != std::string::npos ||
      std::filesystem::path{path}.lexically_normal() == "/")
    problems.push_back(where + ": must be an absolute path below /, without a colon");
}

void read_caches(const json::object& from, container_payload& out, lines& problems) {
  const auto* caches = from.if_contains("cache");
  if (caches == nullptr)
    return;
  if (!caches->is_object())
    return problems.push_back("cache: must be an object of mount paths by cache name");
  std::map<std::string, std::string> sorted;
  for (const auto& member : caches->get_object()) {
    const auto where = "cache." + std::string{member.key()};
    if (!member.value().is_string() || member.key().empty()) {
      problems.push_back(where + ": must be a path, by the name of a cache");
      continue;
    }
    sorted[member.key()] = member.value().get_string();
    check_mount_point(sorted[member.key()], where, problems);
  }
  for (const auto& [name, place] : sorted) {
    payload_mount mount;
    mount.directory = "cache" + std::to_string(out.caches.size());
    mount.cache_name = name;
    out.caches[mount.directory] = place;
    out.common.mounts.push_back(std::move(mount));
  }
}

void read_artifact(const std::string& name, const json::value& from, container_payload& out,
                   lines& problems) {
  const auto where = "artifacts." + name;
  if (!from.is_object())
    return problems.push_back(where + ": must be an object");
  const auto& object = from.get_object();
  check_keys(object, {"type", "path", "expires"}, where, problems);
  payload_artifact made;
  made.name = name;
  made.optional = true;  // a missing one does not fail the task
  const auto type = read_string(object, "type", where, problems);
  if (type != "file" && type != "directory" && type != "volume")
    problems.push_back(where + ".type: must be 'file', 'directory' or 'volume'");
  made.directory = type != "file";
  made.path = read_string(object, "path", where, problems);
  if (made.path.empty())
    problems.push_back(where + ".path: must name a file or directory");
  if (type == "volume") {
    check_mount_point(made.path, where + ".path", problems);
    const auto directory = "volume" + std::to_string(out.volumes.size());
    out.volumes[directory] = made.path;
    made.path = directory;
  }
  if (const auto expires = read_string(object, "expires", where, problems); !expires.empty()) {
    made.expires = parse_date_time(expires);
    if (!made.expires)
      problems.push_back(where + ".expires: must be a date-time");
  }
  out.common.artifacts.push_back(std::move(made));
}

void read_artifacts(const json::object& from, container_payload& out, lines& problems) {
  const auto* artifacts = from.if_contains("artifacts");
  if (artifacts == nullptr)
    return;
  if (!artifacts->is_object())
    return problems.push_back("artifacts: must be an object of artifacts by name");
  for (const auto& member : artifacts->get_object())
    read_artifact(std::string{member.key()}, member.value(), out, problems);
}

void read_devices(const json::object& from, container_payload& out, lines& problems) {
  for (const auto& member : from) {
    const auto where = "capabilities.devices." + std::string{member.key()};
    const bool wanted = read_switch(member.value(), where, problems);
    if (member.key() == "kvm")
      out.kvm = wanted;
    else if (member.key() == "hostSharedMemory")
      out.host_shared_memory = wanted;
    else if (member.key() == "loopbackVideo")
      out.common.devices.video = wanted;
    else if (member.key() == "loopbackAudio")
      out.common.devices.audio = wanted;
    else
      problems.push_back(where + ": the device is not known");
  }
}

void read_capabilities(const json::object& from, container_payload& out, lines& problems) {
  const auto* capabilities = from.if_contains("capabilities");
  if (capabilities == nullptr)
    return;
  if (!capabilities->is_object())
    return problems.push_back("capabilities: must be an object");
  for (const auto& member : capabilities->get_object()) {
    const auto where = "capabilities." + std::string{member.key()};
    if (member.key() == "privileged")
      out.privileged = read_switch(member.value(), where, problems);
    else if (member.key() == "disableSeccomp")
      out.disable_seccomp = read_switch(member.value(), where, problems);
    else if (member.key() != "devices")
      problems.push_back(where + ": the capability is not known");
    else if (member.value().is_object())
      read_devices(member.value().get_object(), out, problems);
    else
      problems.push_back(where + ": must be an object");
  }
}

void read_container_features(const json::object& from, container_payload& out, lines& problems) {
  const auto* features = from.if_contains("features");
  if (features == nullptr)
    return;
  if (!features->is_object())
    return problems.push_back("features: must be an object");
  bool wants_artifacts = true;
  const std::map<std::string_view, bool*> offered = {{"localLiveLog", &out.common.keeps_live_log},
                                                     {"interactive", &out.common.interactive},
                                                     {"bulkLog", &out.common.keeps_backing_log},
                                                     {"taskclusterProxy", &out.common.proxy},
                                                     {"allowPtrace", &out.allow_ptrace},
                                                     {"chainOfTrust", &out.common.chain_of_trust},
                                                     {"artifacts", &wants_artifacts},
                                                     {"dind", &out.docker},
                                                     {"dockerSave", &out.saves_image}};
  for (const auto& member : features->get_object()) {
    const auto where = "features." + std::string{member.key()};
    const bool wanted = read_switch(member.value(), where, problems);
    const auto missing = missing_features.find(member.key());
    if (const auto known = offered.find(member.key()); known != offered.end())
      *known->second = wanted;
    else if (missing == missing_features.end())
      problems.push_back(where + ": the feature is not known");
    else if (wanted)
      problems.push_back(where + ": " + std::string{missing->second});
  }
  if (!wants_artifacts)
    out.common.artifacts.clear();
}

// What it makes are artifacts as others are, but for the worker's own names of where they come
// from.
void add_saved_image(container_payload& out) {
  const auto add = [&out](const std::string& name, const std::string& path) {
    payload_artifact made;
    made.name = name;
    made.path = path;
    out.common.artifacts.push_back(std::move(made));
  };
  add("public/dockerImage.tar", std::string{saved_image_path});
  for (const auto& mount : out.common.mounts)
    add("public/cache/" + mount.cache_name + ".tar", saved_cache_path(mount.directory));
}

// `live.log` is kept as `live_backing.log`.
void read_log(const json::object& from, task_payload& out, lines& problems) {
  const auto name = read_string(from, "log", {}, problems);
  if (name.empty())
    return;
  const auto slash = name.rfind('/');
  const auto dot = name.rfind('.');
  const bool has_ending = dot != std::string::npos && (slash == std::string::npos || dot > slash);
  out.live_log = name;
  out.backing_log =
      has_ending ? name.substr(0, dot) + "_backing" + name.substr(dot) : name + "_backing";
}

void read_what_is_gone(const json::object& from, lines& problems) {
  const auto* encrypted = from.if_contains("encryptedEnv");
  if (encrypted != nullptr && (!encrypted->is_array() || !encrypted->get_array().empty()))
    problems.emplace_back(
        "encryptedEnv: this worker has no key for encrypted variables; put them into a secret and "
        "read that by features.taskclusterProxy");
  const auto superseder = read_string(from, "supersederUrl", {}, problems);
  if (!superseder.empty() && !superseder.starts_with("http://") &&
      !superseder.starts_with("https://"))
    problems.emplace_back("supersederUrl: must begin with http:// or https://");
}

bool is_part_of_name(std::string_view text) {
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && is_plain(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_plain(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

std::optional<std::string> packing_of(const std::string& path, std::string& problem) {
  const auto slash = path.rfind('/');
  const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  const auto at = name.find(".tar");
  if (at == std::string::npos) {
    problem = "must end in .tar, or .tar. and how that is packed, not '" + name + "'";
    return {};
  }
  const auto ending = name.substr(at + 4);
  if (ending.empty())
    return std::string{};
  if (unpacks_file(ending.substr(1)))
    return ending.substr(1);
  problem = "this worker unpacks " + file_formats() + ", not '" + ending.substr(1) + "'";
  return {};
}

std::string saved_cache_path(const std::string& directory) { return "cache:" + directory; }

std::optional<std::string> whole_image_name(std::string_view name) {
  std::string_view digest;
  if (const auto at = name.find('@'); at != std::string_view::npos) {
    digest = name.substr(at);
    name = name.substr(0, at);
    const auto hex = digest.starts_with("@sha256:") ? digest.substr(8) : std::string_view{};
    if (hex.size() != 64 || hex.find_first_not_of("0123456789abcdef") != std::string_view::npos)
      return {};
  }
  std::string_view tag;
  const auto last_slash = name.rfind('/');
  if (const auto colon = name.rfind(':');
      colon != std::string_view::npos &&
      (last_slash == std::string_view::npos || colon > last_slash)) {
    tag = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (!is_tag(tag))
      return {};
  }
  const auto slash = name.find('/');
  auto registry = slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash);
  const bool has_registry =
      registry == "localhost" || registry.find_first_of(".:") != std::string_view::npos;
  auto path = has_registry ? name.substr(slash + 1) : name;
  for (auto rest = path;;) {
    const auto end = rest.find('/');
    if (!is_part_of_name(rest.substr(0, end)))
      return {};
    if (end == std::string_view::npos)
      break;
    rest = rest.substr(end + 1);
  }
  if (has_registry) {
    const auto port = registry.find(':');
    if (!is_part_of_name(registry.substr(0, port)) ||
        (port != std::string_view::npos &&
         (registry.size() == port + 1 ||
          registry.find_first_not_of("0123456789", port + 1) != std::string_view::npos)))
      return {};
  }
  std::string whole{has_registry ? registry : std::string_view{"docker.io"}};
  whole += path.find('/') == std::string_view::npos && !has_registry ? "/library/" : "/";
  whole += path;
  if (!tag.empty())
    whole += ":" + std::string{tag};
  else if (digest.empty())
    whole += ":latest";
  return whole + std::string{digest};
}

container_payload read_container_payload(const json::value& payload, lines& problems) {
  container_payload out;
  if (!payload.is_object()) {
    problems.emplace_back("the payload must be an object");
    return out;
  }
  const auto& object = payload.get_object();
  check_keys(object,
             {"image", "command", "env", "encryptedEnv", "maxRunTime", "onExitStatus",
              "supersederUrl", "cache", "artifacts", "capabilities", "features", "log"},
             "payload", problems);
  read_image(object, out.image, problems);
  read_command(object, out.common, problems);
  read_max_run_time(object, out.common, problems);
  read_env(object, out.common, problems);
  read_exit_codes(object, out.common, problems);
  read_caches(object, out, problems);
  read_artifacts(object, out, problems);
  read_capabilities(object, out, problems);
  read_container_features(object, out, problems);
  if (out.saves_image)
    add_saved_image(out);
  read_log(object, out.common, problems);
  read_what_is_gone(object, problems);
  return out;
}

lines container_scopes(const container_payload& payload) {
  lines result;
  for (const auto& mount : payload.common.mounts)
    result.push_back("docker-worker:cache:" + mount.cache_name);
  if (payload.allow_ptrace)
    result.emplace_back("docker-worker:feature:allowPtrace");
  if (payload.disable_seccomp)
    result.emplace_back("docker-worker:capability:disableSeccomp");
  return result;
}

std::vector<lines> container_scope_choices(const container_payload& payload,
                                           std::string_view pool) {
  std::vector<lines> result;
  const auto add = [&](bool wanted, const std::string& scope) {
    if (wanted)
      result.push_back({scope, scope + ":" + std::string{pool}});
  };
  add(payload.privileged, "docker-worker:capability:privileged");
  add(payload.host_shared_memory, "docker-worker:capability:device:hostSharedMemory");
  add(payload.kvm, "docker-worker:capability:device:kvm");
  add(payload.common.devices.video, "docker-worker:capability:device:loopbackVideo");
  add(payload.common.devices.audio, "docker-worker:capability:device:loopbackAudio");
  return result;
}

}  // namespace troupe
