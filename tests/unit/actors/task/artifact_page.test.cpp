#include "actors/task/artifact_rules.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

artifact_record reference(timestamp expires) {
  return {artifact_storage::reference, "text/plain", "https://example.com", expires, std::nullopt};
}

std::vector<std::string> names_on(const artifact_page& page) {
  std::vector<std::string> names;
  const auto body = boost::json::parse(page.body + "}");
  for (const auto& entry : body.at("artifacts").as_array())
    names.emplace_back(entry.at("name").as_string());
  return names;
}

}  // namespace

TEST_CASE("AR-6 PG-2 pages show each artifact of the run once, by name") {
  CHECK(rc::check([] {
    artifact_map all;
    std::vector<std::string> expected;
    const auto count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i) {
      const auto run = static_cast<run_id>(*rc::gen::inRange(0, 3));
      const auto name = *rc::gen::nonEmpty(rc::gen::string<std::string>());
      const auto expired = *rc::gen::inRange(0, 4) == 0;
      all[{run, name}] = reference(some_start + (expired ? -1ms : 1h));
    }
    for (const auto& [key, record] : all)
      if (key.first == 1 && record.expires >= some_start)
        expected.push_back(key.second);
    const auto limit = static_cast<std::uint32_t>(*rc::gen::inRange(1, 6));
    std::vector<std::string> got;
    std::string after;
    for (;;) {
      const auto page = page_of_artifacts(all, 1, after, limit, some_start);
      // Names of any bytes are no JSON, so they are counted by where the pages end.
      std::size_t on_page = 0;
      for (auto at = all.upper_bound({1, after}); at != all.end() && at->first.first == 1; ++at) {
        if (at->second.expires < some_start)
          continue;
        if (on_page++ < limit)
          got.push_back(at->first.second);
      }
      RC_ASSERT(page.more == (on_page > limit));
      if (!page.more)
        break;
      RC_ASSERT(page.last == got.back());
      after = page.last;
    }
    RC_ASSERT(got == expected);
  }));
}

TEST_CASE("a page names what it shows, and says where to go on") {
  artifact_map all;
  for (const auto* name : {"b", "a/ \"x\"", "c"})
    all[{0, name}] = reference(some_start + 1h);
  all[{0, "gone"}] = reference(some_start - 1ms);
  all[{1, "other"}] = reference(some_start + 1h);
  const auto first = page_of_artifacts(all, 0, "", 2, some_start);
  CHECK(names_on(first) == std::vector<std::string>{"a/ \"x\"", "b"});
  CHECK(first.more);
  const auto second = page_of_artifacts(all, 0, first.last, 2, some_start);
  CHECK(names_on(second) == std::vector<std::string>{"c"});
  CHECK_FALSE(second.more);
  CHECK(names_on(page_of_artifacts(all, 2, "", 2, some_start)).empty());
}

TEST_CASE("an artifact's field in the store names it, whatever its name") {
  for (const auto* name : {"a", "public/a/b", "7/x", " "}) {
    const auto read = read_artifact_field(artifact_field(12, name));
    REQUIRE(read);
    CHECK(*read == std::pair<run_id, std::string>{12, name});
  }
  for (const auto* wrong : {"", "x", "1", "x/1", "/a", "-1/a", "99999999999/a"})
    CHECK_FALSE(read_artifact_field(wrong));
}

TEST_CASE("AR-12 the content of an error artifact is its reason and message") {
  const found_artifact found{"x",
                             {artifact_storage::error,
                              "text/plain",
                              R"({"reason":"r","message":"a \"b\""})",
                              some_start,
                              {}}};
  const auto content = boost::json::parse(artifact_content(found, "").body);
  CHECK(content ==
        boost::json::parse(R"({"storageType":"error","reason":"r","message":"a \"b\""})"));
}
