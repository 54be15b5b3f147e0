#include "gateways/rest/handlers/task_intake.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr timestamp now{1'764'000'000'000};
const task_id id = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const intake_limits limits;

/// A minimal body with the defaults of the schema, as the pipeline hands it on.
json::object minimal_body() {
  return {
      {"taskQueueId", "proj/ci"},
      {"created", to_iso(now)},
      {"deadline", to_iso(now + 1h)},
      {"payload", json::object{}},
      {"metadata", {{"name", "n"}, {"description", "d"}, {"owner", "o"}, {"source", "https://x"}}},
      {"schedulerId", "-"},
      {"projectId", "none"},
      {"dependencies", json::array{}},
      {"requires", "all-completed"},
      {"routes", json::array{}},
      {"priority", "lowest"},
      {"retries", 5},
      {"scopes", json::array{}},
      {"tags", json::object{}},
      {"extra", json::object{}}};
}

outcome<task_definition_ptr> take(json::object body) {
  TROUPE_CHECK(prepare_task(body, limits));
  return define_task(id, body, now, limits);
}

error_code code_of(json::object body) {
  const auto taken = take(std::move(body));
  REQUIRE_FALSE(taken.has_value());
  return taken.error().code;
}

json::object with(std::string_view key, json::value value) {
  auto body = minimal_body();
  body[key] = std::move(value);
  return body;
}

json::object dated(std::string_view key, timestamp at) {
  return with(key, json::value(to_iso(at)));
}

std::vector<std::string> texts(const json::value& list) {
  std::vector<std::string> out;
  for (const auto& item : list.as_array())
    out.emplace_back(item.as_string());
  return out;
}

}  // namespace

TEST_CASE("CT-9 a minimal definition is completed") {
  const auto taken = take(minimal_body());
  REQUIRE(taken.has_value());
  const auto& task = **taken;
  CHECK(task.queue.text == "proj/ci");
  CHECK(task.group.view() == id.view());
  CHECK(task.scheduler_id == "-");
  CHECK(task.project_id == "none");
  CHECK(task.priority == task_priority::lowest);
  CHECK(task.retries == 5);
  CHECK(task.requires_rule == dependency_rule::all_completed);
  CHECK(task.expires == one_year_later(now + 1h));
  CHECK(task.tags_json == "{}");
  const auto stored = json::parse(task.json).as_object();
  CHECK(stored.at("taskGroupId").as_string() == id.view());
  CHECK(stored.at("provisionerId") == "proj");
  CHECK(stored.at("workerType") == "ci");
  CHECK(stored.at("expires").as_string() == to_iso(task.expires));
  CHECK_FALSE(stored.contains("taskId"));
}

TEST_CASE("what is stored reads back as the same definition") {
  auto body = minimal_body();
  body["dependencies"] = {"fN1SbArXTPSVFNUvaOlinQ", "AAAAAAAAQACAAAAAAAAAAA"};
  body["routes"] = {"index.a", std::string(249, 'r')};
  body["scopes"] = {"a:b", "a:*"};
  body["tags"] = {{"kind", "build \"x\""}};
  body["requires"] = "all-resolved";
  body["priority"] = "very-high";
  body["retries"] = 0;
  const auto taken = take(body);
  REQUIRE(taken.has_value());
  const auto& task = **taken;
  const auto read = read_definition(task.json);
  REQUIRE(read);
  CHECK(read->queue == task.queue);
  CHECK(read->group == task.group);
  CHECK(read->dependencies == task.dependencies);
  CHECK(read->routes == task.routes);
  CHECK(read->scopes == task.scopes);
  CHECK(read->tags_json == task.tags_json);
  CHECK(read->requires_rule == task.requires_rule);
  CHECK(read->priority == task.priority);
  CHECK(read->retries == task.retries);
  CHECK(read->created == task.created);
  CHECK(read->deadline == task.deadline);
  CHECK(read->expires == task.expires);
}

TEST_CASE("CT-2 without project and scheduler the scopes are those of none and -") {
  auto body = minimal_body();
  REQUIRE(prepare_task(body, limits).has_value());
  const task_scope_values values(body);
  CHECK((*values("projectId").json) == "none");
  CHECK((*values("schedulerId").json) == "-");
  CHECK((*values("provisionerId").json) == "proj");
  CHECK((*values("workerType").json) == "ci");
  CHECK((*values("scopes").json).as_array().empty());
  CHECK((*values("routes").json).as_array().empty());
}

TEST_CASE("CT-11 the scope of the priority or of a higher one is asked for") {
  auto body = with("priority", "high");
  REQUIRE(prepare_task(body, limits).has_value());
  CHECK(texts(*task_scope_values(body)("priorities").json) ==
        std::vector<std::string>{"high", "very-high", "highest"});
  body["priority"] = "lowest";
  CHECK(texts(*task_scope_values(body)("priorities").json).size() == 7);
  body["priority"] = "highest";
  CHECK(texts(*task_scope_values(body)("priorities").json) == std::vector<std::string>{"highest"});
}

TEST_CASE("CT-4 a scope that ends in two stars is InputError") {
  CHECK(code_of(with("scopes", {"abc:**"})) == error_code::input_error);
  CHECK(take(with("scopes", {"abc:*"})).has_value());
  CHECK(take(with("scopes", {"**abc"})).has_value());
}

TEST_CASE("CT-7 extra fraction digits are cut off") {
  const auto one = take(with("created", "2025-11-24T16:00:00.0001239Z"));
  const auto two = take(with("created", "2025-11-24T16:00:00.000Z"));
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK((*one)->json == (*two)->json);
  CHECK((*one)->created == now);
  // An offset and a missing zone are read, and written as UTC.
  const auto offset = take(with("created", "2025-11-24T17:00:00+01:00"));
  REQUIRE(offset.has_value());
  CHECK(same_definition((*offset)->json, (*two)->json));
}

TEST_CASE("CT-8 created, deadline and expires must be in order, and not too far away") {
  CHECK(code_of(dated("deadline", now - 1min)) == error_code::input_error);
  CHECK(code_of(dated("expires", now + 30min)) == error_code::input_error);
  CHECK(code_of(dated("deadline", now + 24h * 6)) == error_code::input_error);
  CHECK(take(dated("expires", now + 1h)).has_value());
  CHECK(take(dated("deadline", now + 24h * 5 + 14min)).has_value());
  CHECK(code_of(dated("deadline", now + 24h * 5 + 16min)) == error_code::input_error);
  CHECK(take(dated("created", now - 15min)).has_value());
  CHECK(code_of(dated("created", now - 15min - 1ms)) == error_code::input_error);
  CHECK(take(dated("created", now + 15min)).has_value());
  CHECK(code_of(dated("created", now + 15min + 1ms)) == error_code::input_error);
  CHECK(code_of(with("created", "yesterday")) == error_code::input_error);
}

TEST_CASE("CT-8 a deadline that has passed is refused though created is before it") {
  auto body = dated("created", now - 10min);
  body["deadline"] = to_iso(now - 5min);
  CHECK(code_of(std::move(body)) == error_code::input_error);
}

TEST_CASE("CT-12 the queue may be named in three ways, which must agree") {
  auto halves = minimal_body();
  halves.erase("taskQueueId");
  halves["provisionerId"] = "proj";
  halves["workerType"] = "ci";
  auto all = halves;
  all["taskQueueId"] = "proj/ci";
  const auto one = take(minimal_body());
  const auto two = take(halves);
  const auto three = take(all);
  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  REQUIRE(three.has_value());
  CHECK(same_definition((*one)->json, (*two)->json));
  CHECK(same_definition((*one)->json, (*three)->json));

  all["workerType"] = "other";
  CHECK(code_of(all) == error_code::input_error);
  halves.erase("workerType");
  CHECK(code_of(halves) == error_code::input_error);
  // A stray half is overridden by the whole.
  auto stray = with("provisionerId", "elsewhere");
  const auto taken = take(stray);
  REQUIRE(taken.has_value());
  CHECK(same_definition((*taken)->json, (*one)->json));
  auto none = minimal_body();
  none.erase("taskQueueId");
  CHECK(code_of(none) == error_code::input_error);
}

TEST_CASE("CT-13 CT-15 long routes and identifiers are taken as they are") {
  auto body = with("routes", {std::string(240, 'a') + " b c d e "});
  body["taskQueueId"] = std::string(38, 'p') + "/" + std::string(38, 'w');
  body["schedulerId"] = std::string(38, 's');
  const auto taken = take(body);
  REQUIRE(taken.has_value());
  CHECK((*taken)->routes.front().size() == 249);
  CHECK((*taken)->queue.text.size() == 77);
}

TEST_CASE("the deployment's limit of dependencies is enforced") {
  json::array many;
  for (int i = 0; i < 3; ++i)
    many.emplace_back("fN1SbArXTPSVFNUvaOlinQ");
  auto body = with("dependencies", many);
  CHECK(prepare_task(body, {3, 5}).has_value());
  CHECK(prepare_task(body, {2, 5}).error().code == error_code::input_error);
}
