#include "runtime/envelope/envelope.hpp"
#include "messages/api/queue_methods.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
namespace json = boost::json;

namespace {

const api_method& method(std::string_view name) {
  const auto& all = queue_methods();
  return *std::find_if(all.begin(), all.end(), [&](const auto& m) { return m.name == name; });
}

}  // namespace

TEST_CASE("API-28 ER-1 ER-2 an error has its code, the footer and what was asked") {
  const std::vector<std::string> values = {"fN1SbArXTPSVFNUvaOlinQ"};
  const auto payload = json::parse(R"({"a": 1})");
  const auto body = json::parse(render_error(
      make_api_error(error_code::request_conflict, "it is there"),
      {"createTask", method("createTask").params, values, &payload, {}, timestamp{1768478400000}}));
  CHECK(body.as_object().size() == 3);
  CHECK(body.at("code") == "RequestConflict");
  CHECK(body.at("message") ==
        "it is there\n\n---\n\n* method:     createTask\n* errorCode:  RequestConflict\n"
        "* statusCode: 409\n* time:       2026-01-15T12:00:00.000Z");
  const auto& info = body.at("requestInfo").as_object();
  CHECK(info.size() == 4);
  CHECK(info.at("method") == "createTask");
  CHECK(info.at("params") == json::parse(R"({"taskId": "fN1SbArXTPSVFNUvaOlinQ"})"));
  CHECK(info.at("payload") == payload);
  CHECK(info.at("time") == "2026-01-15T12:00:00.000Z");
}

TEST_CASE("API-28 ER-1 details come into the message: texts as they are, others indented") {
  api_error error{error_code::input_error, "{{who}} has {{foos}} and {{nothing}}", {}};
  error.details["who"] = "he";
  error.details["foos"] = json::array{1, 2, 3};
  CHECK(fill_message(error) == "he has [\n  1,\n  2,\n  3\n] and {{nothing}}");
}

TEST_CASE("HT-7 HT-8 path parameters that do not fit are all named") {
  CHECK_FALSE(check_params(method("task"), std::vector<std::string>{"fN1SbArXTPSVFNUvaOlinQ"}));
  const auto bad = check_params(method("reclaimTask"), std::vector<std::string>{"-", "x"});
  REQUIRE(bad.has_value());
  CHECK(bad->code == error_code::invalid_request_arguments);
  CHECK(bad->message ==
        "Invalid URL patterns:\nURL parameter 'taskId' given as '-' must match regular "
        "expression: '/^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}"
        "[AQgw]$/'\nURL parameter 'runId' given as 'x' must match regular expression: "
        "'/^[1-9]*[0-9]+$/'");
  CHECK(check_params(method("pendingTasks"), std::vector<std::string>{"1/1"}).has_value());
}

TEST_CASE("API-33 API-34 queries are optional, known and fitting; bewit always passes") {
  const auto& list = method("listTaskGroup");
  CHECK_FALSE(check_query(list, {}));
  CHECK_FALSE(check_query(list, {{"limit", "5"}, {"bewit", "x"}}));
  const auto bad = check_query(list, {{"limit", ""}, {"colour", "red"}, {"limit", "5"}});
  REQUIRE(bad.has_value());
  CHECK(bad->message ==
        "Query-string parameter: limit=\"\" does not match expression: /^[0-9]+$/\n"
        "Query-string parameter: colour is not supported!\n"
        "Query-string parameter: limit must be a string!");
}
