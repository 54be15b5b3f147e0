#include "workers/trust/chain_verifier.hpp"

#include "messages/json_members.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/loop/certificate.hpp"
#include "workers/loop/queue_calls.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_text = 16 * 1024 * 1024;

api_error unreachable(const std::string& what, const call_result& answer) {
  const auto why = answer.status == 0 ? answer.trouble : "status " + std::to_string(answer.status);
  return make_api_error(error_code::service_unavailable, what + " cannot be had: " + why);
}

// Tasks that the definition names as what it was made of.
std::vector<std::string> sources_of(const json::object& task) {
  std::vector<std::string> found;
  if (const auto* all = task.if_contains("dependencies"); all != nullptr && all->is_array())
    for (const auto& one : all->get_array())
      if (one.is_string())
        found.emplace_back(one.get_string());
  const auto* payload = task.if_contains("payload");
  const auto* upstream = payload != nullptr && payload->is_object()
                             ? payload->get_object().if_contains("upstreamArtifacts")
                             : nullptr;
  if (upstream != nullptr && upstream->is_array())
    for (const auto& one : upstream->get_array())
      if (one.is_object())
        found.push_back(text_of(one.get_object(), "taskId"));
  return found;
}

// Who had a shell in it may have made what it made.
bool is_interactive(const json::object& task) {
  const auto* payload = task.if_contains("payload");
  const auto* features = payload != nullptr && payload->is_object()
                             ? payload->get_object().if_contains("features")
                             : nullptr;
  const auto* wanted = features != nullptr && features->is_object()
                           ? features->get_object().if_contains("interactive")
                           : nullptr;
  return wanted != nullptr && wanted->is_bool() && wanted->get_bool();
}

// What the certificate says otherwise than the queue; empty when nothing.
std::string difference(const trust_link& link, const json::object& certificate,
                       const json::object& task) {
  const auto* run = certificate.if_contains("runId");
  if (text_of(certificate, "taskId") != link.task_id || run == nullptr || !run->is_int64() ||
      run->get_int64() != link.run_id)
    return "the certificate is of another task or run";
  const auto* definition = certificate.if_contains("task");
  if (definition == nullptr || *definition != json::value(task))
    return "the certificate is of another definition than the queue has";
  return {};
}

}  // namespace

chain_verifier::chain_verifier(std::string root_url, credentials by, verifying_keys keys,
                               std::size_t most_tasks)
    : by_(std::move(by)),
      keys_(std::move(keys)),
      most_tasks_(most_tasks),
      client_(std::move(root_url)) {}

outcome<std::vector<trust_link>> chain_verifier::verify(const std::string& task) {
  return walk({task}, artifacts::compared, nullptr);
}

outcome<std::vector<trust_link>> chain_verifier::verify_sources(const json::object& task,
                                                                const std::atomic<bool>& give_up) {
  std::vector<std::string> sources;
  for (auto& one : sources_of(task))
    if (std::find(sources.begin(), sources.end(), one) == sources.end())
      sources.push_back(std::move(one));
  return walk(std::move(sources), artifacts::named, &give_up);
}

outcome<std::vector<trust_link>> chain_verifier::walk(std::vector<std::string> known, artifacts how,
                                                      const std::atomic<bool>* give_up) {
  std::vector<trust_link> links;
  for (std::size_t at = 0; at < known.size(); ++at) {
    if (give_up != nullptr && *give_up)
      return make_api_error(error_code::service_unavailable, "was given up");
    auto& link = links.emplace_back();
    link.task_id = known[at];
    if (links.size() > most_tasks_) {
      link.problem = "the chain is longer than " + std::to_string(most_tasks_) + " tasks";
      break;
    }
    std::vector<std::string> next;
    TROUPE_CHECK(check(link, next, how));
    for (auto& one : next)
      if (std::find(known.begin(), known.end(), one) == known.end())
        known.push_back(std::move(one));
  }
  return links;
}

outcome<json::object> chain_verifier::get(const std::string& target) {
  const auto answer = client_.call(by_, "GET", target, {}, {});
  if (answer.status == 404)
    return make_api_error(error_code::resource_not_found, "there is no " + target);
  if (answer.status == 401 || answer.status == 403)
    return make_api_error(error_code::insufficient_scopes, target + " may not be read");
  auto body = answer.json();
  if (!answer.good() || !body.is_object())
    return unreachable(target, answer);
  return std::move(body.get_object());
}

// `problem` says why there is no such artifact; the error, why that is not known.
outcome<void> chain_verifier::fetch(const trust_link& of, const std::string& name,
                                    const std::function<bool(std::string_view)>& take,
                                    std::string& problem) {
  const auto target = "/api/queue/v1/task/" + of.task_id + "/runs/" + std::to_string(of.run_id) +
                      "/artifacts/" + encode_segment(name);
  const auto where = client_.call(by_, "GET", target, {}, {});
  if (where.passing())
    return unreachable("artifact " + name, where);
  if (where.status != 303 || where.location.empty()) {
    problem = where.status == 403 ? "artifact " + name + " may not be read"
                                  : "there is no artifact " + name;
    return boost::system::in_place_value;
  }
  file_version any;
  const auto got = client_.download(where.location, take, any);
  if (got.status != 200 || !got.trouble.empty())
    problem = "artifact " + name + " cannot be read to its end";
  return boost::system::in_place_value;
}

outcome<std::string> chain_verifier::fetch_text(trust_link& of, std::string_view name) {
  std::string text;
  TROUPE_CHECK(fetch(
      of, std::string{name},
      [&text](std::string_view bytes) {
        text += bytes;
        return text.size() <= longest_text;
      },
      of.problem));
  return text;
}

outcome<void> chain_verifier::check(trust_link& link, std::vector<std::string>& next,
                                    artifacts how) {
  TROUPE_TRY(const auto answer, get("/api/queue/v1/task/" + link.task_id + "/status"));
  TROUPE_TRY(const auto task, get("/api/queue/v1/task/" + link.task_id));
  next = sources_of(task);
  link.task_queue_id = text_of(task, "taskQueueId");
  const auto& status = answer.at("status").as_object();
  const auto& runs = status.at("runs").as_array();
  link.run_id = runs.empty() ? 0 : static_cast<int>(runs.size()) - 1;
  if (text_of(status, "state") != "completed") {
    link.problem = "the task is " + text_of(status, "state") + ", not completed";
    return boost::system::in_place_value;
  }
  if (is_interactive(task)) {
    link.problem = "the task had shells, by which anybody may have made what it made";
    return boost::system::in_place_value;
  }
  TROUPE_TRY(const auto text, fetch_text(link, certificate_name));
  if (!link.problem.empty())
    return boost::system::in_place_value;
  TROUPE_TRY(const auto signature, fetch_text(link, signature_name));
  if (!link.problem.empty())
    return boost::system::in_place_value;
  link.key = keys_.signer_of(text, signature);
  if (link.key.empty()) {
    link.problem = "the certificate is not signed by a key that is known";
    return boost::system::in_place_value;
  }
  boost::system::error_code failed;
  const auto certificate = json::parse(text, failed);
  if (failed || !certificate.is_object()) {
    link.problem = "the certificate is no JSON object";
    return boost::system::in_place_value;
  }
  link.problem = difference(link, certificate.get_object(), task);
  if (!link.problem.empty())
    return boost::system::in_place_value;
  if (how == artifacts::compared)
    return check_artifacts(link, certificate.get_object());
  if (const auto* all = certificate.get_object().if_contains("artifacts"))
    if (const auto* named = all->if_object())
      for (const auto& [name, value] : *named)
        link.sums.emplace(name, text_of(value, "sha256"));
  return boost::system::in_place_value;
}

outcome<void> chain_verifier::check_artifacts(trust_link& link, const json::object& certificate) {
  const auto* all = certificate.if_contains("artifacts");
  if (all == nullptr || !all->is_object()) {
    link.problem = "the certificate has no artifacts";
    return boost::system::in_place_value;
  }
  for (const auto& [key, value] : all->get_object()) {
    const std::string name{key};
    running_digest sum;
    TROUPE_CHECK(fetch(
        link, name,
        [&sum](std::string_view bytes) {
          sum.add(bytes);
          return true;
        },
        link.problem));
    if (link.problem.empty() &&
        (!value.is_object() || text_of(value.get_object(), "sha256") != sum.hex()))
      link.problem = "artifact " + name + " is not what was signed";
    if (!link.problem.empty())
      return boost::system::in_place_value;
    link.artifacts.push_back(name);
  }
  return boost::system::in_place_value;
}

}  // namespace troupe
