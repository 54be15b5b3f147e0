#include "actors/task/artifact_rules.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

artifact_record record(artifact_storage storage, std::string details = {}) {
  return {storage, "text/plain", std::move(details), some_start + 2h, std::nullopt};
}

artifact_record link_to(std::string target) {
  return record(artifact_storage::link, std::move(target));
}

/// The artifacts of a run, and a reader who may see only some of them.
struct some_run {
  std::map<std::string, artifact_record> records;
  std::vector<std::string> forbidden;
  std::vector<std::vector<std::string>> asked = {};  // what was authorised, in order
  timestamp now = some_start;

  outcome<found_artifact> read(std::string_view name) {
    return follow_links(
        name,
        [this](const std::string& of) -> const artifact_record* {
          const auto at = records.find(of);
          return at == records.end() ? nullptr : &at->second;
        },
        [this](const std::vector<std::string>& names) -> outcome<void> {
          asked.push_back(names);
          for (const auto& of : names)
            for (const auto& no : forbidden)
              if (of == no)
                return make_api_error(error_code::insufficient_scopes, "not " + of);
          return boost::system::in_place_value;
        },
        now);
  }
};

unsigned status_of(const outcome<found_artifact>& found) {
  return found ? 200 : http_status(found.error().code);
}

}  // namespace

TEST_CASE("what is no link is found at once") {
  some_run run{{{"a", record(artifact_storage::s3)}}, {}};
  const auto found = run.read("a");
  REQUIRE(found.has_value());
  CHECK(found->name == "a");
  CHECK(found->record == record(artifact_storage::s3));
  CHECK(run.asked == std::vector<std::vector<std::string>>{{"a"}});
}

TEST_CASE("AR-14 a link leads to its target, and all names so far are authorised at each step") {
  some_run run{{{"a", link_to("b")}, {"b", link_to("c")}, {"c", record(artifact_storage::s3)}}, {}};
  CHECK(run.read("a").value().name == "c");
  CHECK(run.asked == std::vector<std::vector<std::string>>{{"a"}, {"a", "b"}, {"a", "b", "c"}});
}

TEST_CASE("AR-14 the scope of the link and that of its target are both needed") {
  const std::map<std::string, artifact_record> records{{"a", link_to("b")},
                                                       {"b", record(artifact_storage::s3)}};
  CHECK(status_of(some_run{records, {"a"}}.read("a")) == 403);
  some_run no_target{records, {"b"}};
  CHECK(status_of(no_target.read("a")) == 403);
  CHECK(no_target.asked.back() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("AR-14 a chain of thirty links works") {
  some_run run;
  for (int i = 0; i < 30; ++i)
    run.records["l" + std::to_string(i)] = link_to("l" + std::to_string(i + 1));
  run.records["l30"] = record(artifact_storage::reference, "https://example.com/");
  CHECK(run.read("l0").value().name == "l30");
}

TEST_CASE("AR-5 AR-20 what is missing is 404 for who may ask, and 403 for who may not") {
  CHECK(status_of(some_run{{}, {}}.read("a")) == 404);
  CHECK(status_of(some_run{{}, {"a"}}.read("a")) == 403);
  CHECK(status_of(some_run{{{"a", link_to("b")}}, {}}.read("a")) == 404);
  CHECK(status_of(some_run{{{"a", link_to("b")}}, {"b"}}.read("a")) == 403);
}

TEST_CASE("an expired artifact is 410, wherever in the chain it is") {
  some_run run{{{"a", link_to("b")}, {"b", record(artifact_storage::s3)}}, {}};
  run.now = some_start + 2h;
  CHECK(status_of(run.read("a")) == 200);
  run.now = some_start + 2h + 1ms;
  CHECK(status_of(run.read("a")) == 410);
  CHECK(status_of(run.read("b")) == 410);
  run.records["a"].expires = some_start + 3h;
  const auto target_expired = run.read("a");
  CHECK(status_of(target_expired) == 410);
  CHECK(target_expired.error().message.find("'b'") != std::string::npos);
}

TEST_CASE("links in a circle are a 400, however long the circle is") {
  some_run self{{{"a", link_to("a")}}, {}};
  CHECK(status_of(self.read("a")) == 400);
  some_run later{{{"a", link_to("b")}, {"b", link_to("c")}, {"c", link_to("b")}}, {}};
  const auto found = later.read("a");
  REQUIRE(status_of(found) == 400);
  CHECK(found.error().code == error_code::input_error);
  CHECK(found.error().message.find("circle") != std::string::npos);
}

// -- answers --------------------------------------------------------------------------------------

namespace {

std::string header(const answer& of, std::string_view name) {
  for (const auto& [key, value] : of.headers)
    if (key == name)
      return value;
  return {};
}

constexpr std::string_view kind_header = "x-taskcluster-artifact-storage-type";

}  // namespace

TEST_CASE("AR-1 the data of an s3 artifact are a 303 away, in header and body") {
  const std::string url = "http://127.0.0.1:8080/blobs/a?sig=x&y=%22";
  const auto result = artifact_answer({"a", record(artifact_storage::s3)}, url);
  CHECK(result.status == 303);
  CHECK(header(result, "Location") == url);
  CHECK(header(result, kind_header) == "s3");
  CHECK(against_schema(result.body, "get-artifact-response") ==
        json::value{{"storageType", "s3"}, {"url", url}});
  CHECK_FALSE(result.error);
}

TEST_CASE("AR-13 AR-16 a reference is a 303 to its own url") {
  const auto result = artifact_answer(
      {"a", record(artifact_storage::reference, "https://example.com/x y")}, "not this");
  CHECK(result.status == 303);
  CHECK(header(result, "Location") == "https://example.com/x y");
  CHECK(header(result, kind_header) == "reference");
  CHECK(json::parse(result.body).at("url") == "https://example.com/x y");
}

TEST_CASE("AR-12 an error artifact is a 424 with reason and message, outside the envelope") {
  const std::string details = R"({"reason":"too-large-file-on-worker","message":"10 \"GB\""})";
  const auto result = artifact_answer({"a", record(artifact_storage::error, details)}, "");
  CHECK(result.status == 424);
  CHECK(header(result, kind_header) == "error");
  CHECK(header(result, "Location").empty());
  CHECK(json::parse(result.body) ==
        json::value{{"reason", "too-large-file-on-worker"}, {"message", "10 \"GB\""}});
  CHECK_FALSE(result.error);
}
