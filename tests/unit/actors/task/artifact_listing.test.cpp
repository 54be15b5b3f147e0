#include "actors/task/artifact_rules.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <set>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

artifact_record record(artifact_storage storage, std::string details = {}) {
  return {storage, "text/plain", std::move(details), some_start + 2h, std::nullopt};
}

std::string position(const answer& of) {
  for (const auto& [key, value] : of.headers)
    if (key == "next-position")
      return value;
  return {};
}

std::vector<std::string> names(const answer& of) {
  std::vector<std::string> result;
  const auto body = json::parse(of.body);
  for (const auto& entry : body.at("artifacts").as_array())
    result.emplace_back(entry.at("name").as_string());
  return result;
}

}  // namespace

TEST_CASE("AR-7 the description says what the creator said, the length only when it was given") {
  auto of = record(artifact_storage::s3);
  CHECK(against_schema(artifact_info_text("public/a \"b\"", of), "artifact-response") ==
        json::value{{"storageType", "s3"},
                    {"name", "public/a \"b\""},
                    {"expires", to_iso(of.expires)},
                    {"contentType", "text/plain"}});
  of.content_length = 17;
  CHECK(json::parse(artifact_info_text("a", of)).at("contentLength") == 17);
}

TEST_CASE("AR-14 a listing shows the links of a chain as links, in the order of their names") {
  artifact_records records;
  for (int i = 0; i < 30; ++i)
    records[artifact_field(1, "l" + std::to_string(100 + i))] =
        record(artifact_storage::link, "l" + std::to_string(101 + i));
  records[artifact_field(1, "l130")] = record(artifact_storage::reference, "https://example.com/");
  records[artifact_field(0, "other")] = record(artifact_storage::s3);
  records[artifact_field(10, "other")] = record(artifact_storage::s3);
  const auto page = artifact_page_answer(records, 1, "", 1000, some_start);
  const auto found = names(page);
  REQUIRE(found.size() == 31);
  CHECK(std::is_sorted(found.begin(), found.end()));
  CHECK(page.body.starts_with(R"({"artifacts":[{"storageType":"link","name":"l100")"));
  CHECK(position(page).empty());
}

TEST_CASE("AR-5 a run without artifacts has an empty listing") {
  CHECK(artifact_page_answer({}, 0, "", 1000, some_start).body == "{\"artifacts\":[]}");
}

TEST_CASE("expired artifacts are not listed, and a page behind which only such are is the last") {
  artifact_records records;
  records[artifact_field(0, "a")] = record(artifact_storage::s3);
  records[artifact_field(0, "b")] = record(artifact_storage::s3);
  records[artifact_field(0, "b")].expires = some_start + 1h;
  const auto page = artifact_page_answer(records, 0, "", 1, some_start + 90min);
  CHECK(names(page) == std::vector<std::string>{"a"});
  CHECK(position(page).empty());
}

TEST_CASE("AR-6 PG-1 PG-2 PG-3 PG-7 pages of any sizes show every artifact once") {
  REQUIRE(rc::check("pages show every artifact of the run once", [] {
    const auto wanted = *rc::gen::container<std::set<std::string>>(
        rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7f))));
    artifact_records records;
    for (const auto& name : wanted)
      records[artifact_field(1, name)] = record(artifact_storage::s3);
    records[artifact_field(0, "a")] = record(artifact_storage::s3);
    records[artifact_field(11, "a")] = record(artifact_storage::s3);
    std::vector<std::string> seen;
    std::string after;
    do {
      const auto limit = *rc::gen::inRange<std::uint32_t>(1, 5);
      const auto page = artifact_page_answer(records, 1, after, limit, some_start);
      const auto found = names(page);
      seen.insert(seen.end(), found.begin(), found.end());
      after = position(page);
      RC_ASSERT(after.empty() || found.size() == limit);
    } while (!after.empty());
    RC_ASSERT(seen == std::vector<std::string>(wanted.begin(), wanted.end()));
  }));
}

TEST_CASE("AR-1 AR-12 AR-13 content says what the artifact is and where, always with 200") {
  const auto content = [](artifact_record of, const std::string& url) {
    const auto result = artifact_content_answer({"a", std::move(of)}, url);
    CHECK(result.status == 200);
    CHECK(result.headers.empty());
    return against_schema(result.body, "artifact-content-response");
  };
  CHECK(content(record(artifact_storage::s3), "https://example.com/s3") ==
        json::value{{"storageType", "s3"}, {"url", "https://example.com/s3"}});
  CHECK(content(record(artifact_storage::reference, "https://example.com/r"), "") ==
        json::value{{"storageType", "reference"}, {"url", "https://example.com/r"}});
  CHECK(content(record(artifact_storage::error,
                       R"({"reason":"file-missing-on-worker","message":"no \"x\""})"),
                "") == json::value{{"storageType", "error"},
                                   {"reason", "file-missing-on-worker"},
                                   {"message", "no \"x\""}});
}
