// The features of a payload, and what else a worker may or may not offer.

#include "messages/json_members.hpp"
#include "workers/engines/payload_parts.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <map>

namespace troupe {

namespace json = boost::json;

namespace {

void read_feature(std::string_view name, bool wanted, const std::string& where, task_payload& out,
                  lines& problems) {
  const std::map<std::string_view, bool*> offered = {
      {"taskclusterProxy", &out.proxy},       {"liveLog", &out.keeps_live_log},
      {"backingLog", &out.keeps_backing_log}, {"resourceMonitor", &out.resource_monitor},
      {"chainOfTrust", &out.chain_of_trust},  {"runTaskAsCurrentUser", &out.as_current_user},
      {"interactive", &out.interactive},      {"loopbackVideo", &out.devices.video},
      {"loopbackAudio", &out.devices.audio},
  };
  if (const auto known = offered.find(name); known != offered.end())
    *known->second = wanted;
  else
    problems.push_back(where + ": the feature is not known");
}

}  // namespace

void read_features(const json::object& from, task_payload& out, lines& problems) {
  const auto* features = from.if_contains("features");
  if (features == nullptr)
    return;
  if (!features->is_object())
    return problems.push_back("features: must be an object");
  for (const auto& member : features->get_object()) {
    const auto where = "features." + std::string{member.key()};
    if (member.value().is_bool())
      read_feature(member.key(), member.value().get_bool(), where, out, problems);
    else
      problems.push_back(where + ": must be true or false");
  }
}

void read_surroundings(const json::object& from, lines& problems) {
  if (const auto* groups = from.if_contains("osGroups")) {
    if (!groups->is_array())
      problems.emplace_back("osGroups: must be a list");
    else if (!groups->get_array().empty())
      problems.emplace_back(
          "osGroups: this worker runs tasks as its own user, whose groups do not change; start the "
          "worker as a user of those groups and leave it out");
  }
  const auto superseder = read_string(from, "supersederUrl", {}, problems);
  if (!superseder.empty() && !superseder.starts_with("http://") &&
      !superseder.starts_with("https://"))
    problems.emplace_back("supersederUrl: must begin with http:// or https://");
  const auto interface = read_string(from, "taskclusterProxyInterface", {}, problems);
  if (interface == "docker-bridge")
    problems.emplace_back(
        "taskclusterProxyInterface: the proxy of this worker is on localhost; run containers with "
        "the network of the host");
  else if (!interface.empty() && interface != "localhost")
    problems.emplace_back("taskclusterProxyInterface: must be 'localhost' or 'docker-bridge'");
}

void check_offers(const task_payload& payload, const worker_offers& offers, lines& problems) {
  if (payload.chain_of_trust && !offers.signs)
    problems.emplace_back(
        "features.chainOfTrust: this worker has no key to sign with; start it with "
        "--chain-of-trust-key");
  if (payload.proxy && !offers.has_loopback)
    problems.emplace_back(
        "features.taskclusterProxy: the sandbox of this worker has no network; start it with "
        "--sandbox-network host");
  if (payload.devices.video && !offers.devices.video)
    problems.emplace_back(
        "features.loopbackVideo: this worker lends no such device; on a machine with v4l2loopback "
        "start it with --loopback-video /dev/video<n>");
  if (payload.devices.audio && !offers.devices.audio)
    problems.emplace_back(
        "features.loopbackAudio: this worker lends no such device; on a machine with snd-aloop "
        "start it with --loopback-audio /dev/snd");
}

std::vector<std::string> needed_scopes(const task_payload& payload, std::string_view pool) {
  std::vector<std::string> result;
  for (const auto& mount : payload.mounts)
    if (!mount.cache_name.empty())
      result.push_back("generic-worker:cache:" + mount.cache_name);
  if (payload.as_current_user)
    result.push_back("generic-worker:run-task-as-current-user:" + std::string{pool});
  return result;
}

std::vector<lines> scope_choices(const task_payload& payload, std::string_view pool) {
  std::vector<lines> result;
  const auto add = [&](bool wanted, const std::string& scope) {
    if (wanted)
      result.push_back({scope, scope + ":" + std::string{pool}});
  };
  add(payload.devices.video, "generic-worker:loopback-video");
  add(payload.devices.audio, "generic-worker:loopback-audio");
  return result;
}

}  // namespace troupe
