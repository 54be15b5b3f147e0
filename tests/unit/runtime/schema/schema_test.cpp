#include "runtime/schema/schema.hpp"
#include "messages/api/queue_methods.hpp"
#include "runtime/schema/pattern.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

#include <regex>

using namespace troupe;
namespace json = boost::json;

namespace {

json::value good_task() {
  return json::parse(R"({
    "provisionerId": "prov", "workerType": "type", "created": "2026-01-15T12:00:00.000Z",
    "deadline": "2026-01-15T13:00:00.000Z", "payload": {"a": 1},
    "metadata": {"name": "n", "description": "d", "owner": "o@example.com",
                 "source": "https://example.com"}})");
}

std::vector<std::string> problems_of(const json::value& value,
                                     const char* id = "schemas/queue/v1/create-task-request") {
  const auto* rule = schema_set::builtin().find(id);
  REQUIRE(rule != nullptr);
  std::vector<std::string> problems;
  const bool good = rule->validate(value, &problems);
  CHECK(good == problems.empty());
  return problems;
}

json::value with(std::string_view key, json::value value) {
  auto task = good_task();
  task.as_object()[key] = std::move(value);
  return task;
}

}  // namespace

TEST_CASE("REF-2 the schemas of every queue method are there") {
  for (const auto& method : queue_methods()) {
    INFO(method.name);
    if (!method.input.empty())
      CHECK(schema_set::builtin().find(method.input) != nullptr);
    if (!method.output.empty())
      CHECK(schema_set::builtin().find(method.output) != nullptr);
  }
}

TEST_CASE("API-17 a good definition has no problems") { CHECK(problems_of(good_task()).empty()); }

TEST_CASE("API-36 defaults are filled in before the check, and never over a given value") {
  auto task = good_task();
  task.as_object()["retries"] = 2;
  schema_set::builtin().find("schemas/queue/v1/create-task-request")->apply_defaults(task);
  CHECK(task.at("priority") == "lowest");
  CHECK(task.at("retries") == 2);
  CHECK(task.at("routes").as_array().empty());
  CHECK(task.at("projectId") == "none");
  auto claim = json::parse(R"({"workerGroup": "g", "workerId": "w"})");
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/claim-work-request");
  CHECK_FALSE(rule->validate(claim, nullptr));
  rule->apply_defaults(claim);
  CHECK(rule->validate(claim, nullptr));
  CHECK(claim.at("tasks") == 1);
}

TEST_CASE("API-35 every problem is named in the words of the protocol") {
  using texts = std::vector<std::string>;
  CHECK(problems_of(with("colour", "red")) ==
        texts{"data must NOT have additional properties: \"colour\""});
  CHECK(problems_of(with("created", "yesterday")) ==
        texts{"data/created must match format \"date-time\""});
  CHECK(problems_of(with("retries", 50)) == texts{"data/retries must be <= 49"});
  CHECK(problems_of(with("retries", "x")) == texts{"data/retries must be integer"});
  CHECK(problems_of(with("priority", "normal")) ==
        texts{"data/priority must be equal to one of the allowed values"});
  CHECK(problems_of(with("routes", json::parse(R"(["a","b","a"])"))) ==
        texts{"data/routes must NOT have duplicate items (items ## 2 and 0 are identical)"});
  auto task = good_task();
  task.as_object().erase("payload");
  task.as_object().erase("created");
  CHECK(problems_of(task) == texts{"data must have required property 'created'",
                                   "data must have required property 'payload'"});
  task = good_task();
  task.at("metadata").as_object()["source"] = "ftp://example.com";
  CHECK(problems_of(task) ==
        texts{"data/metadata/source must match pattern \"^(https?://|ssh://|git@)\""});
}

TEST_CASE("API-35 the message names the schema by its absolute id") {
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/create-task-request");
  CHECK(validation_message("https://tc.example.com", *rule, {"data must be object"}) ==
        "\nSchema Validation Failed!\nRejecting Schema: "
        "https://tc.example.com/schemas/queue/v1/create-task-request.json#\nErrors:\n"
        "  * data must be object");
}

TEST_CASE("CT-13 routes of 249 characters with spaces are good, longer ones are not") {
  CHECK(problems_of(with("routes", json::array{json::value("a b " + std::string(245, 'c'))}))
            .empty());
  CHECK_FALSE(problems_of(with("routes", json::array{json::value(std::string(250, 'c'))})).empty());
}

TEST_CASE("CT-10 sources may be ssh and git addresses") {
  for (const auto* source : {"ssh://git@example.com/x", "git@example.com:org/repo"}) {
    auto task = good_task();
    task.at("metadata").as_object()["source"] = source;
    CHECK(problems_of(task).empty());
  }
}

TEST_CASE("one of several forms: an artifact of an unknown storage type is refused") {
  const auto* id = "schemas/queue/v1/post-artifact-request";
  CHECK(problems_of(json::parse(R"({"storageType": "reference", "url": "https://example.com",
                                    "contentType": "text/plain",
                                    "expires": "2026-01-15T12:00:00.000Z"})"),
                    id)
            .empty());
  CHECK_FALSE(problems_of(json::parse(R"({"storageType": "paper"})"), id).empty());
}

TEST_CASE("patterns agree with the standard library's") {
  const std::vector<std::string> expressions = {
      "^[a-zA-Z0-9-_]{1,38}/[a-z]([-a-z0-9]{0,36}[a-z0-9])?$",
      "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-]$",
      "^(https?://|ssh://|git@)",
      "^[a-z][a-zA-Z0-9_]*",
      "^[A-Za-z0-9/+]+[=]{0,2}$",
      "[-a-z0-9]+",
      "^refs/(heads|tags)/.*$",
      "^[1-9]*[0-9]+$",
      "^(true|false)$",
      "^a*a$",
      "^a?[hs]*a$",
      "^(ah)*s$",
      "^([ah]+)(s)[gt]?/$",
      "^[hs]{2,3}[a:]*",
      "^a{0,2}h*a*s?$",
      "^s[^a]*$",
      "^[ -~]*$",
      "^$",
  };
  for (const auto& expression : expressions) {
    const text_pattern ours{expression};
    REQUIRE(ours.valid());
    const std::regex theirs{expression, std::regex::ECMAScript};
    CHECK(rc::check(expression, [&] {
      const auto text = *rc::gen::container<std::string>(
          rc::gen::elementOf(std::string{"ahs://tgi@Q09-_=/refstagheadru"}));
      RC_ASSERT(ours.matches(text) == std::regex_search(text, theirs));
    }));
  }
}

TEST_CASE("a pattern made to be slow is given up") {
  const text_pattern slow{"^(a+)+$"};
  CHECK_FALSE(slow.matches(std::string(200, 'a') + "b"));
}

TEST_CASE("a check of a task definition", "[.bench]") {
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/create-task-request");
  const auto task = good_task();
  BENCHMARK("validate") { return rule->validate(task, nullptr); };
}
