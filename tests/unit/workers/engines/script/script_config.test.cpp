#include "workers/engines/script/script_config.hpp"

#include "tests/unit/workers/files/scratch.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;
namespace json = boost::json;

namespace {

// What is wrong with a file of one script with these members; empty: nothing.
std::string wrong_with(const std::string& members, const std::string& directory = "/nowhere") {
  auto script = json::parse(members).as_object();
  script.emplace("command", json::array{"true"});
  script.emplace("schema", json::object{});
  const json::object whole{{"scripts", json::object{{"s", std::move(script)}}}};
  const auto read = read_script_config_text(json::serialize(whole), directory);
  return read ? std::string{} : read.error().message;
}

std::string wrong_with_file(const std::string& text) {
  const auto read = read_script_config_text(text, "/nowhere");
  return read ? std::string{} : read.error().message;
}

}  // namespace

TEST_CASE("a configuration of scripts is read whole", "[script]") {
  const scratch place;
  place.write("schema.json", R"({"type": "object", "required": ["what"]})");
  place.write("trusted", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= one\n");
  const auto path = place.write("scripts.json", R"({
    "scopePrefixes": ["project:sign:"],
    "chainOfTrust": {"keys": "trusted", "maxTasks": 7, "taskQueues": ["a/*"]},
    "scripts": {"sign": {"command": ["sh", "-c", "true", "{config}"], "schema": "schema.json",
      "env": {"A": "1"}, "config": {"x": [1]}, "maxRunTime": 9, "timeoutResult": "intermittent-task",
      "exitCodes": {"6": "completed", "17": "internal-error"}, "scopes": ["project:sign:it"],
      "taskclusterProxy": true}, "plain": {"command": ["/bin/sh"], "schema": {}}}})");
  const auto read = read_script_config(path);
  REQUIRE(read.has_value());
  const auto& config = **read;
  CHECK(config.scope_prefixes == std::vector<std::string>{"project:sign:"});
  REQUIRE(config.trust);
  CHECK(config.trust->most_tasks == 7);
  CHECK(config.trust->task_queues == std::vector<std::string>{"a/*"});
  REQUIRE(config.scripts.size() == 2);
  const auto& sign = config.scripts.at("sign");
  CHECK(sign.command.back() == "{config}");
  CHECK(sign.env.at("A") == "1");
  CHECK(sign.max_run_time == std::chrono::seconds{9});
  CHECK(sign.timeout_result == run_verdict::intermittent);
  CHECK(sign.exit_codes.at(6) == run_verdict::completed);
  CHECK(sign.exit_codes.at(17) == run_verdict::internal);
  CHECK(sign.exit_codes.at(4) == run_verdict::unavailable);
  CHECK(sign.scopes == std::vector<std::string>{"project:sign:it"});
  CHECK(sign.proxy);
  REQUIRE(sign.payload_schema != nullptr);
  CHECK_FALSE(sign.payload_schema->validate(json::parse("{}"), nullptr));
  CHECK(sign.payload_schema->validate(json::parse(R"({"what": 1})"), nullptr));
  const auto& plain = config.scripts.at("plain");
  CHECK(plain.max_run_time == std::chrono::seconds{1200});
  CHECK(plain.timeout_result == run_verdict::failed);
  CHECK_FALSE(plain.proxy);
}

TEST_CASE("what is wrong with a configuration of scripts is said by its member", "[script]") {
  using Catch::Matchers::ContainsSubstring;
  CHECK(wrong_with("{}") == "");
  CHECK_THAT(wrong_with_file("{"), ContainsSubstring("not JSON"));
  CHECK_THAT(wrong_with_file("{\n\"scripts\": {},\n}"),
             ContainsSubstring("not JSON: syntax error in line 3"));
  CHECK_THAT(wrong_with_file("{}\n{}"), ContainsSubstring("in line 2"));
  CHECK_THAT(wrong_with_file("[]"), ContainsSubstring("must be an object"));
  CHECK_THAT(wrong_with_file("{}"), ContainsSubstring("needs the member 'scripts'"));
  CHECK_THAT(wrong_with_file(R"({"scripts": {}})"), ContainsSubstring("at least one script"));
  CHECK_THAT(wrong_with_file(R"({"scripts": {"s": 1}})"), ContainsSubstring("scripts.s must be"));
  CHECK_THAT(wrong_with_file(R"({"script": {}})"), ContainsSubstring("unknown member 'script'"));
  CHECK_THAT(wrong_with(R"({"comand": []})"), ContainsSubstring("scripts.s has an unknown member"));
  CHECK_THAT(wrong_with(R"({"command": []})"), ContainsSubstring("scripts.s.command must be"));
  CHECK_THAT(wrong_with(R"({"command": ["true", 1]})"), ContainsSubstring("scripts.s.command"));
  CHECK_THAT(wrong_with(R"({"command": ["./missing"]})"),
             ContainsSubstring("there is no program '/nowhere/missing'"));
  CHECK_THAT(wrong_with(R"({"command": ["true", "{config}"]})"),
             ContainsSubstring("there is no scripts.s.config"));
  CHECK_THAT(wrong_with(R"({"maxRunTime": 0})"),
             ContainsSubstring("scripts.s.maxRunTime must be a whole number from 1"));
  CHECK_THAT(wrong_with(R"({"timeoutResult": "bad"})"),
             ContainsSubstring("scripts.s.timeoutResult must be one of completed, failed"));
  CHECK_THAT(wrong_with(R"({"exitCodes": {"256": "failed"}})"), ContainsSubstring("'256'"));
  CHECK_THAT(wrong_with(R"({"exitCodes": {"1x": "failed"}})"), ContainsSubstring("'1x'"));
  CHECK_THAT(wrong_with(R"({"exitCodes": {"1": "superseded"}})"),
             ContainsSubstring("scripts.s.exitCodes.1 must be one of"));
  CHECK_THAT(wrong_with(R"({"env": {"A": 1}})"), ContainsSubstring("scripts.s.env.A"));
  CHECK_THAT(wrong_with(R"({"scopes": [""]})"), ContainsSubstring("scripts.s.scopes"));
  CHECK_THAT(wrong_with(R"({"schema": "missing.json"})"),
             ContainsSubstring("scripts.s.schema: cannot read '/nowhere/missing.json'"));
  CHECK_THAT(wrong_with(R"({"schema": {"properties": 1}})"),
             ContainsSubstring("scripts.s.schema is not understood"));
  CHECK_THAT(wrong_with(R"({"schema": {"$ref": "#/definitions/x"}})"),
             ContainsSubstring("scripts.s.schema is not understood"));
  CHECK_THAT(wrong_with_file(R"({"scripts": {"s": {"command": ["true"]}}})"),
             ContainsSubstring("scripts.s.schema must be there"));
  CHECK_THAT(wrong_with_file(R"({"scripts": {"s": {"command": ["true"], "schema": {}}},
                                 "chainOfTrust": {"keys": "missing"}})"),
             ContainsSubstring("chainOfTrust.keys: the file of keys /nowhere/missing"));
  CHECK_THAT(wrong_with(R"({"contract": "stdin"})"),
             ContainsSubstring("scripts.s.contract must be scriptworker or standard-input"));
  CHECK(wrong_with(R"({"contract": "standard-input", "timeoutResult": "internal-error"})") == "");
  CHECK(wrong_with(R"({"contract": "scriptworker", "config": {}, "exitCodes": {}})") == "");
  CHECK_THAT(wrong_with(R"({"contract": "standard-input", "config": {}})"),
             ContainsSubstring("scripts.s.config is not for the contract standard-input"));
  CHECK_THAT(wrong_with(R"({"contract": "standard-input", "exitCodes": {}})"),
             ContainsSubstring("scripts.s.exitCodes is not for the contract standard-input"));
  const auto missing = read_script_config("/nowhere/scripts.json");
  REQUIRE_FALSE(missing.has_value());
  CHECK_THAT(missing.error().message, ContainsSubstring("cannot read '/nowhere/scripts.json'"));
}
