#include "workers/engines/script/script_run.hpp"

#include "workers/files/trees.hpp"
#include "workers/trust/chain_verifier.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

// The script gets the file of its credentials open: when they are renewed, so is what it reads
// there. A shell opens it, and becomes the script; one that cannot is the worker's fault, not the
// script's, so it ends with the code for that.
constexpr const char* open_credentials = "command exec 3<\"$0\" || exit 5; exec \"$@\"";
constexpr const char* credentials_number = "3";

constexpr std::string_view error_prefix = "[worker:error] ";

constexpr int most_attempts = 6;
constexpr auto first_pause = 200ms;

bool write_file(const std::string& path, const json::value& value) {
  const descriptor file{
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
  const auto text = json::serialize(value);
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// Of a script that is told by its input, and of all others.
script_places places_in(const std::string& directory, const script_rules* script) {
  const bool is_input = script != nullptr && script->contract == script_contract::standard_input;
  return {directory + "/work", directory + (is_input ? "/work/artifacts" : "/artifacts"),
          directory + "/script.json"};
}

// A pause that ends when the run is not to go on.
void pause(run_desk& desk, std::chrono::milliseconds time) {
  pollfd wait{desk.interruption(), POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(time.count()));
}

bool is_of_any(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&name](const std::string& each) { return matches_stars(each, name); });
}

std::string_view word_of(run_verdict verdict) {
  switch (verdict) {
    case run_verdict::shutdown:
      return "that the worker is shutting down";
    case run_verdict::malformed:
      return "that the payload is malformed";
    case run_verdict::unavailable:
      return "that something it needs cannot be had";
    case run_verdict::internal:
      return "that there is an error of its own";
    case run_verdict::fatal:
      return "that there is an error of its own, and that this worker must not go on";
    case run_verdict::intermittent:
      return "that the task is to be run again";
    default:
      return {};
  }
}

}  // namespace

script_run::script_run(const script_engine_options& options, const run_facts& facts,
                       std::vector<std::string>& problems)
    : options_(options),
      task_id_(facts.task_id),
      run_id_(facts.run_id),
      definition_(facts.task),
      directory_(facts.directory),
      root_url_(facts.root_url),
      task_(read_script_task(*options.config, facts.task, problems)),
      places_(places_in(facts.directory, task_.script)) {
  payload_.max_run_time = task_.max_run_time;
  payload_.chain_of_trust = options.signs;
  if (task_.script == nullptr)
    return;
  payload_.proxy = task_.script->proxy;
  payload_artifact all;
  all.directory = true;
  all.path = places_.artifact_dir;
  payload_.artifacts.push_back(std::move(all));
}

std::vector<std::string> script_run::needed_scopes() const { return task_.script->scopes; }

// -- before the script ----------------------------------------------------------------------------

bool script_run::is_told_by_input() const {
  return task_.script->contract == script_contract::standard_input;
}

bool script_run::write_context() const {
  std::error_code failed;
  fs::create_directories(places_.artifact_dir, failed);
  if (failed)
    return false;
  return is_told_by_input() ? write_file(input(), payload_of(definition_)) : write_files();
}

bool script_run::write_files() const {
  json::object info;
  info["taskId"] = task_id_;
  info["runId"] = std::stoi(run_id_);
  if (!write_file(places_.work_dir + "/task.json", definition_) ||
      !write_file(places_.work_dir + "/current_task_info.json", info))
    return false;
  if (!task_.script->config)
    return true;
  auto config = *task_.script->config;
  config["work_dir"] = places_.work_dir;
  config["artifact_dir"] = places_.artifact_dir;
  return write_file(places_.config, config);
}

std::optional<run_verdict> script_run::prepare(run_desk& desk) {
  if (!write_context()) {
    desk.note_error("What the script is to read cannot be written to " + directory_ + ".");
    return run_verdict::internal;
  }
  artifact_sums sums;
  if (options_.config->trust)
    if (const auto because = verify(desk, sums))
      return because;
  return fetch_upstream_artifacts(task_.upstream, options_.config->trust ? &sums : nullptr,
                                  places_.work_dir + "/cot", desk);
}

// What the task is made of must be trusted before a script does anything with it.
std::optional<run_verdict> script_run::verify(run_desk& desk, artifact_sums& sums) {
  const auto& rules = *options_.config->trust;
  outcome<std::vector<trust_link>> links = make_api_error(error_code::service_unavailable, {});
  for (int i = 0; i < most_attempts && !desk.interrupted(); ++i) {
    if (i > 0)
      pause(desk, first_pause * (1 << (i - 1)));
    chain_verifier verifier{root_url_, by(), rules.keys, rules.most_tasks};
    links = verifier.verify_sources(definition_, desk.interrupted());
    if (links || links.error().code != error_code::service_unavailable)
      break;
  }
  if (!links) {
    desk.note_error("[chain-of-trust] " + links.error().message);
    return links.error().code == error_code::service_unavailable ? run_verdict::unavailable
                                                                 : run_verdict::malformed;
  }
  bool trusted = true;
  for (auto& link : *links) {
    if (link.problem.empty() && !is_of_any(rules.task_queues, link.task_queue_id))
      link.problem = "its queue " + link.task_queue_id + " is not one that is trusted";
    const auto which = "[chain-of-trust] " + link.task_id + "/" + std::to_string(link.run_id);
    if (link.problem.empty())
      desk.note(which + ": signed by " + link.key);
    else
      desk.note_error(which + " is not trusted: " + link.problem);
    trusted = trusted && link.problem.empty();
    sums[link.task_id] = std::move(link.sums);
  }
  return trusted ? std::nullopt : std::optional{run_verdict::malformed};
}

// -- credentials ----------------------------------------------------------------------------------

credentials script_run::by() const {
  const std::lock_guard held{guard_};
  return by_;
}

// In place, and never shorter than before: who reads it in between finds white space at its end.
void script_run::use(const credentials& by) {
  const std::lock_guard held{guard_};
  by_ = by;
  if (!file_)
    file_ = descriptor{::open((directory_ + "/credentials.json").c_str(),
                              O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)};
  json::object written{{"clientId", by.client_id}, {"accessToken", by.access_token}};
  if (!by.certificate.empty())
    written["certificate"] = by.certificate;
  auto text = json::serialize(written) + "\n";
  text.resize(std::max(text.size(), file_size_), ' ');
  file_size_ = text.size();
  if (::pwrite(file_.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    file_size_ = 0;
}

// -- the script -----------------------------------------------------------------------------------

std::vector<command_line> script_run::commands(const run_surroundings& around) {
  const auto& script = *task_.script;
  auto env = script_environment(environ, script.env, around.fixed);
  env["TASK_WORKDIR"] = places_.work_dir;
  env["TASK_ARTIFACTDIR"] = places_.artifact_dir;
  const auto shown = "the script '" + script.name + "'";
  if (is_told_by_input())
    return {{shown, place_words(script.command, places_), places_.work_dir, std::move(env), input(),
             std::string{error_prefix}}};
  env["TASKCLUSTER_CREDENTIALS_FD"] = credentials_number;
  std::vector<std::string> words = {"/bin/sh", "-c", open_credentials,
                                    directory_ + "/credentials.json"};
  for (auto& word : place_words(script.command, places_))
    words.push_back(std::move(word));
  return {{shown, std::move(words), places_.work_dir, std::move(env)}};
}

run_verdict script_run::judge(const exit_result& exit, run_desk& desk) {
  const auto verdict = judge_script(*task_.script, exit);
  ended_ = verdict;
  if (const auto word = word_of(verdict); !word.empty())
    desk.note("The script says " + std::string{word} + ".");
  return verdict;
}

run_verdict script_run::out_of_time() {
  ended_ = task_.script->timeout_result;
  return *ended_;
}

// -- what comes out of it -------------------------------------------------------------------------

// A script that has removed the directory has made nothing.
void script_run::gather(run_desk&) {
  std::error_code failed;
  if (!is_real_directory(places_.artifact_dir)) {
    remove_tree(places_.artifact_dir);
    fs::create_directories(places_.artifact_dir, failed);
  }
}

bool script_run::has_artifacts(run_verdict result) const {
  return ended_.has_value() || engine_run::has_artifacts(result);
}

run_verdict script_run::with_trouble(run_verdict result, run_verdict trouble) const {
  return worse(result, trouble);
}

}  // namespace troupe
