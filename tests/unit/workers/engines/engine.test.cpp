#include "workers/engines/engine.hpp"

#include "workers/engines/process_engine.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

#include <cstdlib>

using namespace troupe;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

class named_engine : public engine {
 public:
  explicit named_engine(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  std::string_view schema() const override { return "{}"; }
  bool is_meant_by(const json::value& payload) const override {
    return payload.is_object() && payload.get_object().contains(name_);
  }
  std::unique_ptr<engine_run> open(const run_facts&, lines&) override { return nullptr; }

 private:
  const std::string name_;
};

json::object task_with(const std::string& payload) {
  json::object task;
  task["deadline"] = "2030-01-01T00:00:00.000Z";
  task["expires"] = "2031-01-01T00:00:00.000Z";
  task["payload"] = json::parse(payload);
  return task;
}

std::unique_ptr<engine_run> open_process(const std::string& payload, lines& problems,
                                         process_engine_options options = {"a/b", false, {}}) {
  static std::shared_ptr<engine> kept;
  kept = make_process_engine(std::move(options));
  return kept->open({"T", "0", task_with(payload), "/dev/null/nowhere"}, problems);
}

}  // namespace

TEST_CASE("the engine is chosen by the payload, or is the first", "[engine]") {
  const engine_list engines = {std::make_shared<named_engine>("one"),
                               std::make_shared<named_engine>("two")};
  CHECK(choose_engine(engines, json::parse(R"({"two": 1})")).name() == "two");
  CHECK(choose_engine(engines, json::parse(R"({"two": 1, "one": 1})")).name() == "one");
  CHECK(choose_engine(engines, json::parse("{}")).name() == "one");
  CHECK(choose_engine(engines, payload_of({})).name() == "one");
}

TEST_CASE("a payload with an image is not for processes", "[engine]") {
  const auto process = make_process_engine({"a/b", false, {}});
  CHECK(process->is_meant_by(json::parse(R"({"command": [["true"]]})")));
  CHECK_FALSE(process->is_meant_by(json::parse(R"({"command": ["true"], "image": "x"})")));
  lines problems;
  open_process(R"({"image": "x", "command": ["true"], "maxRunTime": 1})", problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find("--engine container") != std::string::npos);
}

TEST_CASE("the variables of a run win over those of the payload", "[engine]") {
  lines problems;
  const auto run = open_process(
      R"({"command": [["a", "b c"], ["d"]], "maxRunTime": 1, "env": {"X": "1", "TASK_ID": "no"}})",
      problems);
  REQUIRE(problems == lines{});
  const auto commands = run->commands({{{"TASK_ID", "T"}}, {}});
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].words == lines{"a", "b c"});
  CHECK(commands[0].shown == "a b c");
  CHECK(commands[1].directory == "/dev/null/nowhere/work");
  CHECK(commands[0].env.at("TASK_ID") == "T");
  CHECK(commands[0].env.at("TASK_WORKDIR") == "/dev/null/nowhere/work");
  CHECK(commands[0].env.at("X") == "1");
  CHECK_FALSE(commands[0].env.contains("TASKCLUSTER_ACCESS_TOKEN"));
}

TEST_CASE("a shell of a task is where its commands are", "[engine]") {
  lines problems;
  const auto run = open_process(
      R"({"command": [["a"]], "maxRunTime": 1, "env": {"X": "1", "TERM": "dumb"}})", problems);
  const auto shell = run->shell({{{"TASK_ID", "T"}}, {}});
  REQUIRE(shell);
  CHECK(shell->directory == "/dev/null/nowhere/work");
  CHECK(shell->env.at("TERM") == "xterm-256color");
  CHECK(shell->env.at("X") == "1");
  CHECK(shell->env.at("TASK_ID") == "T");
}

TEST_CASE("what a worker does not offer is told when the payload is read", "[engine]") {
  const std::string payload =
      R"({"command": [["a"]], "maxRunTime": 1,
          "features": {"chainOfTrust": true, "taskclusterProxy": true}})";
  lines problems;
  open_process(payload, problems);
  CHECK(problems.size() == 1);
  problems.clear();
  open_process(payload, problems, {"a/b", true, {}});
  CHECK(problems.empty());
  sandbox_rules rules;
  rules.network = false;
  open_process(payload, problems, {"a/b", true, rules});
  CHECK(problems.size() == 1);
}
