#include "workers/engines/script/script_rules.hpp"

#include "workers/engines/engine.hpp"
#include "workers/engines/published_schema.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <iterator>

namespace troupe {

namespace json = boost::json;

namespace {

std::string names_of(const script_config& config) {
  std::string names;
  for (const auto& [name, script] : config.scripts)
    names += (names.empty() ? "" : ", ") + name;
  return names;
}

// Where there is only one script, a payload need not name it.
const script_rules* choose_script(const script_config& config, const json::object& payload,
                                  std::vector<std::string>& problems) {
  const auto* name = payload.if_contains("script");
  if (name == nullptr && config.scripts.size() == 1)
    return &config.scripts.begin()->second;
  if (name != nullptr && name->is_string()) {
    const auto found = config.scripts.find(std::string{name->get_string()});
    if (found != config.scripts.end())
      return &found->second;
  }
  problems.push_back("script: must be the name of a script of this worker: " + names_of(config));
  return nullptr;
}

void check_scopes(const script_config& config, const json::object& task,
                  std::vector<std::string>& problems) {
  const auto* scopes = task.if_contains("scopes");
  if (config.scope_prefixes.empty() || scopes == nullptr || !scopes->is_array())
    return;
  std::string prefixes;
  for (const auto& prefix : config.scope_prefixes)
    prefixes += (prefixes.empty() ? "" : ", ") + prefix;
  for (const auto& scope : scopes->get_array()) {
    const auto text = scope.is_string() ? std::string{scope.get_string()} : std::string{};
    if (std::none_of(config.scope_prefixes.begin(), config.scope_prefixes.end(),
                     [&text](const std::string& prefix) { return text.starts_with(prefix); }))
      problems.push_back("the task's scope '" + text +
                         "' is not one that tasks of this worker may have: " + prefixes);
  }
}

std::string replaced(std::string word, std::string_view mark, const std::string& by) {
  for (auto at = word.find(mark); at != std::string::npos; at = word.find(mark, at + by.size()))
    word.replace(at, mark.size(), by);
  return word;
}

}  // namespace

bool is_for_scripts(const json::value& payload) {
  const auto* members = payload.if_object();
  if (members == nullptr)
    return false;
  if (const auto* name = members->if_contains("script"); name != nullptr && name->is_string())
    return true;
  return !members->contains("command") && !members->contains("image");
}

script_task read_script_task(const script_config& config, const json::object& task,
                             std::vector<std::string>& problems) {
  script_task made;
  check_scopes(config, task, problems);
  const auto& value = payload_of(task);
  if (!value.is_object()) {
    problems.emplace_back("the payload must be an object");
    return made;
  }
  const auto& payload = value.get_object();
  made.script = choose_script(config, payload, problems);
  const bool is_input =
      made.script != nullptr && made.script->contract == script_contract::standard_input;
  const auto* time = payload.if_contains("maxRunTime");
  const bool has_time = time != nullptr && time->is_int64() && time->get_int64() >= 1;
  if (!has_time && (time != nullptr || !is_input))
    problems.emplace_back("maxRunTime: must be a whole number of seconds, at least 1");
  if (!is_input)
    made.upstream = read_upstream_artifacts(value, problems);
  if (made.script == nullptr)
    return made;
  made.max_run_time = made.script->max_run_time;
  if (has_time && time->get_int64() < made.max_run_time.count())
    made.max_run_time = std::chrono::seconds{time->get_int64()};
  made.script->payload_schema->validate(value, &problems);
  return made;
}

namespace {

// Of taskcluster-worker (workers contract 5.4). A code that means nothing is a script that is not
// what its worker takes it for. To be killed is not something that a script says.
run_verdict judge_by_input_contract(const exit_result& exit) {
  static constexpr run_verdict by_code[] = {run_verdict::completed, run_verdict::failed,
                                            run_verdict::malformed, run_verdict::internal};
  if (exit.signal != 0)
    return run_verdict::internal;
  return exit.code < static_cast<int>(std::size(by_code)) ? by_code[exit.code] : run_verdict::fatal;
}

}  // namespace

run_verdict judge_script(const script_rules& script, const exit_result& exit) {
  if (script.contract == script_contract::standard_input)
    return judge_by_input_contract(exit);
  if (exit.signal != 0)
    return run_verdict::failed;
  const auto found = script.exit_codes.find(exit.code);
  return found == script.exit_codes.end() ? run_verdict::failed : found->second;
}

run_verdict worse(run_verdict one, run_verdict other) {
  static constexpr run_verdict by_badness[] = {
      run_verdict::completed,    run_verdict::failed,      run_verdict::shutdown,
      run_verdict::malformed,    run_verdict::unavailable, run_verdict::internal,
      run_verdict::intermittent, run_verdict::fatal,       run_verdict::lost};
  const auto badness = [](run_verdict verdict) {
    return std::find(std::begin(by_badness), std::end(by_badness), verdict) - by_badness;
  };
  return badness(one) < badness(other) ? other : one;
}

std::vector<std::string> place_words(const std::vector<std::string>& command,
                                     const script_places& places) {
  std::vector<std::string> words;
  for (const auto& word : command)
    words.push_back(replaced(replaced(replaced(word, work_dir_mark, places.work_dir),
                                      artifact_dir_mark, places.artifact_dir),
                             config_mark, places.config));
  return words;
}

std::map<std::string, std::string> script_environment(
    const char* const* of_worker, const std::map<std::string, std::string>& configured,
    const std::map<std::string, std::string>& fixed) {
  std::map<std::string, std::string> env;
  for (; *of_worker != nullptr; ++of_worker) {
    const std::string_view entry{*of_worker};
    const auto equals = entry.find('=');
    // By these the worker has its own credentials and settings.
    if (equals == std::string_view::npos || entry.starts_with("TASKCLUSTER_") ||
        entry.starts_with("TROUPE_"))
      continue;
    env.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  env.emplace("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
  for (const auto& [name, value] : configured)
    env[name] = value;
  for (const auto& [name, value] : fixed)
    env[name] = value;
  return env;
}

namespace {

// What the script takes, and what its contract wants besides.
json::object schema_of(const script_rules& script, std::size_t number, std::chrono::seconds most) {
  json::object time{{"type", "integer"}, {"minimum", 1}};
  const bool is_limited = most.count() > 0 && script.max_run_time > most;
  if (is_limited)
    time["maximum"] = most.count();
  json::object besides{{"type", "object"},
                       {"properties", json::object{{"maxRunTime", std::move(time)}}}};
  // Without one of its own a payload has the time of the script.
  if (is_limited || script.contract == script_contract::scriptworker)
    besides["required"] = json::array{"maxRunTime"};
  return {{"allOf",
           json::array{embedded(script.schema_document, "troupe:script/" + std::to_string(number)),
                       std::move(besides)}}};
}

}  // namespace

json::object schema_of_scripts(const script_config& config, std::chrono::seconds most) {
  if (config.scripts.size() == 1)
    return schema_of(config.scripts.begin()->second, 0, most);
  json::array any;
  for (const auto& [name, script] : config.scripts) {
    json::object named{{"required", json::array{"script"}},
                       {"properties", json::object{{"script", json::object{{"const", name}}}}}};
    any.push_back(json::object{
        {"allOf", json::array{std::move(named), schema_of(script, any.size(), most)}}});
  }
  return {{"oneOf", std::move(any)}};
}

}  // namespace troupe
