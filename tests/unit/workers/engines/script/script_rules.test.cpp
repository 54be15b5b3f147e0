#include "workers/engines/script/script_rules.hpp"

#include "workers/engines/script/script_engine.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <algorithm>

using namespace troupe;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

std::shared_ptr<const script_config> config_of(const std::string& text) {
  auto read = read_script_config_text(text, "/nowhere");
  INFO((read ? std::string{} : read.error().message));
  REQUIRE(read.has_value());
  return *read;
}

const std::string one_script = R"({"scripts": {"one": {"command": ["true"], "maxRunTime": 100,
  "schema": {"type": "object", "required": ["what"], "properties": {"what": {"enum": ["a"]}}}}}})";

const std::string two_scripts = R"({"scopePrefixes": ["project:x:", "assume:x"], "scripts": {
  "one": {"command": ["true"], "schema": {}}, "two": {"command": ["true"], "schema": {}}}})";

json::object task_with(const std::string& payload, const std::string& scopes = "[]") {
  return {{"payload", json::parse(payload)}, {"scopes", json::parse(scopes)}};
}

lines problems_of(const std::string& config, const json::object& task) {
  lines problems;
  read_script_task(*config_of(config), task, problems);
  return problems;
}

bool has(const lines& all, const std::string& part) {
  return std::any_of(all.begin(), all.end(), [&part](const std::string& line) {
    return line.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("workers 4: what a script's exit code means", "[script]") {
  const auto config = config_of(R"({"scripts": {"s": {"command": ["true"], "schema": {},
    "exitCodes": {"17": "intermittent-task", "5": "failed"}}}})");
  const auto& script = config->scripts.at("s");
  const std::pair<int, run_verdict> table[] = {
      {0, run_verdict::completed},      {1, run_verdict::failed},
      {2, run_verdict::shutdown},       {3, run_verdict::malformed},
      {4, run_verdict::unavailable},    {5, run_verdict::failed},
      {6, run_verdict::failed},         {7, run_verdict::intermittent},
      {8, run_verdict::failed},         {17, run_verdict::intermittent},
      {245, run_verdict::intermittent}, {241, run_verdict::intermittent},
      {255, run_verdict::failed}};
  for (const auto& [code, verdict] : table) {
    INFO(code);
    CHECK(judge_script(script, {code, 0}) == verdict);
  }
  CHECK(judge_script(script, {0, 9}) == run_verdict::failed);
  CHECK(usual_exit_codes().at(5) == run_verdict::internal);
}

TEST_CASE("workers 5.4: what the exit code of a script means that is told by its input",
          "[script]") {
  script_rules script;
  script.contract = script_contract::standard_input;
  const std::pair<int, run_verdict> table[] = {
      {0, run_verdict::completed}, {1, run_verdict::failed}, {2, run_verdict::malformed},
      {3, run_verdict::internal},  {4, run_verdict::fatal},  {5, run_verdict::fatal},
      {127, run_verdict::fatal},   {255, run_verdict::fatal}};
  for (const auto& [code, verdict] : table) {
    INFO(code);
    CHECK(judge_script(script, {code, 0}) == verdict);
  }
  CHECK(judge_script(script, {0, 9}) == run_verdict::internal);
  CHECK(worse(run_verdict::fatal, run_verdict::unavailable) == run_verdict::fatal);
}

TEST_CASE("workers 5.4: the payload of a script that is told by its input is its own", "[script]") {
  const std::string config = R"({"scripts": {"one": {"command": ["true"], "maxRunTime": 100,
    "contract": "standard-input", "schema": {}}}})";
  CHECK(problems_of(config, task_with(R"({"upstreamArtifacts": 7})")) == lines{});
  CHECK(has(problems_of(config, task_with(R"({"maxRunTime": "x"})")), "maxRunTime: must be"));
  lines problems;
  CHECK(read_script_task(*config_of(config), task_with("{}"), problems).max_run_time ==
        std::chrono::seconds{100});
  CHECK(read_script_task(*config_of(config), task_with(R"({"maxRunTime": 5})"), problems)
            .max_run_time == std::chrono::seconds{5});
}

TEST_CASE("workers 4: the worse of what a script and its uploads say counts", "[script]") {
  CHECK(worse(run_verdict::completed, run_verdict::failed) == run_verdict::failed);
  CHECK(worse(run_verdict::failed, run_verdict::unavailable) == run_verdict::unavailable);
  CHECK(worse(run_verdict::intermittent, run_verdict::malformed) == run_verdict::intermittent);
  CHECK(worse(run_verdict::malformed, run_verdict::failed) == run_verdict::malformed);
}

TEST_CASE("workers 4: a task is data for a script of the configuration", "[script]") {
  lines problems;
  const auto config = config_of(one_script);
  const auto task =
      read_script_task(*config, task_with(R"({"what": "a", "maxRunTime": 7})"), problems);
  CHECK(problems == lines{});
  REQUIRE(task.script != nullptr);
  CHECK(task.script->name == "one");
  CHECK(task.max_run_time == std::chrono::seconds{7});
  // The script's own limit is the most that there is.
  CHECK(read_script_task(*config, task_with(R"({"what": "a", "maxRunTime": 700})"), problems)
            .max_run_time == std::chrono::seconds{100});
  CHECK(has(problems_of(one_script, task_with(R"({"what": "b"})")), "maxRunTime: must be"));
  CHECK(has(problems_of(one_script, task_with(R"({"what": "b", "maxRunTime": 1})")), "what"));
  CHECK(has(problems_of(one_script, task_with(R"({"maxRunTime": 1})")), "what"));
  CHECK(has(problems_of(one_script, task_with(R"({"what": "a", "maxRunTime": 1, "script": "x"})")),
            "script: must be the name of a script of this worker: one"));
  CHECK(has(problems_of(one_script, task_with("[]")), "the payload must be an object"));
}

TEST_CASE("workers 4: a payload names its script where there are several", "[script]") {
  lines problems;
  const auto config = config_of(two_scripts);
  const auto task =
      read_script_task(*config, task_with(R"({"script": "two", "maxRunTime": 1})"), problems);
  CHECK(problems == lines{});
  REQUIRE(task.script != nullptr);
  CHECK(task.script->name == "two");
  CHECK(problems_of(two_scripts, task_with(R"({"maxRunTime": 1})")) ==
        lines{"script: must be the name of a script of this worker: one, two"});
}

TEST_CASE("workers 4: the scopes of a task are within what is configured", "[script]") {
  const std::string payload = R"({"script": "two", "maxRunTime": 1})";
  CHECK(problems_of(two_scripts, task_with(payload, R"(["project:x:y", "assume:x"])")) == lines{});
  const auto problems =
      problems_of(two_scripts, task_with(payload, R"(["project:x:", "project:"])"));
  REQUIRE(problems.size() == 1);
  CHECK(has(problems, "'project:'"));
}

TEST_CASE("payloads with a script are for scripts, others by what they lack", "[script]") {
  CHECK(is_for_scripts(json::parse(R"({"script": "x", "command": ["y"]})")));
  CHECK(is_for_scripts(json::parse(R"({"upstreamArtifacts": []})")));
  CHECK_FALSE(is_for_scripts(json::parse(R"({"command": ["y"]})")));
  CHECK_FALSE(is_for_scripts(json::parse(R"({"image": "y"})")));
  CHECK_FALSE(is_for_scripts(json::parse("1")));
}

TEST_CASE("places stand in a command as often as they are named", "[script]") {
  CHECK(place_words({"a", "{work_dir}/x:{work_dir}", "{artifact_dir}", "--config={config}", "{x}"},
                    {"/w", "/a", "/c"}) == lines{"a", "/w/x:/w", "/a", "--config=/c", "{x}"});
}

TEST_CASE("workers 7: scripts do not see what is the worker's own", "[script]") {
  const char* const of_worker[] = {
      "A=1",  "TASKCLUSTER_ACCESS_TOKEN=no", "B=x=y", "TROUPE_X=no", "broken", "TASK_ID=no",
      nullptr};
  const auto env = script_environment(of_worker, {{"A", "2"}}, {{"TASK_ID", "T"}});
  CHECK(env.at("A") == "2");
  CHECK(env.at("B") == "x=y");
  CHECK(env.at("TASK_ID") == "T");
  CHECK(env.contains("PATH"));
  CHECK(env.size() == 4);
}

TEST_CASE("workers 4: a script finds its credentials open", "[script]") {
  const auto engine = make_script_engine({config_of(one_script), true});
  lines problems;
  auto run = engine->open({"T", "0", task_with(R"({"what": "a", "maxRunTime": 7})"), "/dev/null/x"},
                          problems);
  CHECK(problems == lines{});
  CHECK(run->payload().chain_of_trust);
  const auto commands = run->commands({{{"TASK_ID", "T"}}, {}});
  REQUIRE(commands.size() == 1);
  CHECK(commands[0].env.at("TASKCLUSTER_CREDENTIALS_FD") == "3");
  CHECK(commands[0].env.at("TASK_ARTIFACTDIR") == "/dev/null/x/artifacts");
  CHECK(commands[0].directory == "/dev/null/x/work");
  CHECK(commands[0].words.back() == "true");
  CHECK_FALSE(run->shell({}));
  CHECK(run->has_artifacts(run_verdict::completed));
  CHECK_FALSE(run->has_artifacts(run_verdict::malformed));
  CHECK(run->out_of_time() == run_verdict::failed);
  CHECK(run->has_artifacts(run_verdict::malformed));
}
