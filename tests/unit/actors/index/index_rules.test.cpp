#include "actors/index/index_rules.hpp"

#include "runtime/schema/schema.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr timestamp now{1'764'000'000'000};
const task_id some_task = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const task_id other_task = *task_id::parse("AAAAAAAAQAC0000000000A");

index_entry entry(std::int64_t rank, timestamp expires = now + 1h,
                  const task_id& task = some_task) {
  return {task, rank, expires, "{}"};
}

index_entry insert(index_state& state, std::string_view path, const index_entry& what) {
  const auto made = decide_insert(state, path, what, now);
  apply_insert(state, path, made);
  return made.entry;
}

std::string until(const index_state& state, std::string_view space) {
  const auto* row = state.namespaces.find(space);
  return row == nullptr ? "none" : to_iso(row->fields.expires);
}

json::array listed(const index_state& state, const std::string& space, bool namespaces) {
  const auto page = list_below(state, {space, namespaces, 1000, {}, {}}, now);
  return json::parse(page.text).at(namespaces ? "namespaces" : "tasks").as_array();
}

}  // namespace

TEST_CASE("IDX-16 paths are split at their last dot") {
  using parts = std::pair<std::string_view, std::string_view>;
  CHECK(split_index_path("foo.bar.bing") == parts{"foo.bar", "bing"});
  CHECK(split_index_path("foo.bar") == parts{"foo", "bar"});
  CHECK(split_index_path("foo") == parts{"", "foo"});
  CHECK(split_index_path("") == parts{"", ""});
}

TEST_CASE("IDX-19 what a path is") {
  for (const auto* good : {"a", "a.b", "A_!~*'()%-.9"})
    CHECK(is_index_path(good));
  for (const auto* bad : {"", ".", "a.", ".a", "a..b", "a b", "a/b", "a.b/c", "ü"})
    CHECK_FALSE(is_index_path(bad));
}

TEST_CASE("IDX-1 IDX-17 a lower rank changes nothing, an equal one replaces") {
  index_state state;
  CHECK(insert(state, "a.b", entry(41)) == entry(41));
  CHECK(insert(state, "a.b", entry(42)) == entry(42));
  CHECK(insert(state, "a.b", entry(41, now + 2h, other_task)) == entry(42));
  CHECK(find_entry(state, "a.b", now) == entry(42));
  const auto equal = entry(42, now + 1ms, other_task);
  CHECK(insert(state, "a.b", equal) == equal);
  CHECK(find_entry(state, "a.b", now) == equal);
  CHECK(insert(state, "a.b", entry(-3)) == equal);
}

TEST_CASE("IDX-6 IDX-20 an expired entry is not seen and counts as absent") {
  index_state state;
  insert(state, "a", entry(44, now));
  CHECK_FALSE(find_entry(state, "a", now));
  CHECK(insert(state, "a", entry(43)) == entry(43));
  CHECK(find_entry(state, "a", now) == entry(43));
}

TEST_CASE("IDX-3 namespaces outlive what is below them, and only ever longer") {
  index_state state;
  const auto date = [](const char* text) { return *parse_date_time(text); };
  insert(state, "a.b.c", entry(0, date("2030-01-01T00:00:00Z")));
  CHECK(until(state, "a.b") == "2030-01-02T00:00:00.000Z");
  CHECK(until(state, "a") == "2030-01-03T00:00:00.000Z");
  CHECK(until(state, "a.b.c") == "none");
  insert(state, "a.b.d", entry(0, date("2029-12-31T23:59:59Z")));
  CHECK(until(state, "a.b") == "2030-01-02T00:00:00.000Z");
  insert(state, "a.b.d", entry(0, date("2030-01-01T23:59:59Z")));
  CHECK(until(state, "a.b") == "2030-01-02T00:00:00.000Z");
  insert(state, "a.b.d", entry(0, date("2030-01-02T00:00:00.001Z")));
  CHECK(until(state, "a.b") == "2030-01-03T00:00:00.000Z");
  CHECK(until(state, "a") == "2030-01-04T00:00:00.000Z");
  // That of what expired yesterday is over, too.
  insert(state, "old.task", entry(0, now - 24h));
  CHECK(state.namespaces.find("old")->fields.expires <= now);
}

TEST_CASE("IDX-7 IDX-8 only what is right below is listed, and namespaces stay") {
  index_state state;
  for (const auto* path : {"a.b", "a.b.c", "a.b.c.d", "a.bb", "a-b.c", "a"})
    insert(state, path, entry(0));
  CHECK(listed(state, "a", false).size() == 2);
  const auto below = listed(state, "a", true);
  REQUIRE(below.size() == 1);
  CHECK(below[0].at("namespace") == "a.b");
  CHECK(below[0].at("name") == "b");
  CHECK(listed(state, "", true).size() == 2);
  CHECK(listed(state, "", false).size() == 1);
  CHECK(apply_delete(state, "a.b.c.d"));
  CHECK_FALSE(apply_delete(state, "a.b.c.d"));
  CHECK(listed(state, "a.b", true).size() == 1);
}

TEST_CASE("IDX-21 a place in a list of paths is where the next page begins") {
  index_state state;
  insert(state, "a", entry(1));
  insert(state, "c", entry(3));
  find_all_indexed command{{"a", "b", "c", "d"}, 0, 1, "list", {}};
  const auto first = find_entries(state, command, now);
  CHECK(first.next == "2:list");
  CHECK(json::parse(first.text).at("tasks").as_array()[0].at("rank") == 1);
  command.from = 2;
  const auto second = find_entries(state, command, now);
  CHECK_FALSE(second.next);
  CHECK(json::parse(second.text).at("tasks").as_array()[0].at("rank") == 3);
  command.from = 9;
  CHECK(find_entries(state, command, now).text == R"({"tasks":[]})");
}

TEST_CASE("texts agree with their schemas, and rows are read as they were written") {
  auto whole = entry(-7);
  whole.data = R"({"x":[1,"\"}"]})";
  CHECK(read_entry_row(entry_row(whole)) == whole);
  CHECK(read_entry_row(entry_row(entry(1))) == entry(1));
  CHECK(read_entry_row("rubbish").expires <= now);
  index_state state;
  insert(state, "a.b", whole);
  const auto valid = [](const char* id, const std::string& text) {
    auto value = json::parse(text);
    std::vector<std::string> problems;
    const bool good = schema_set::builtin().find(id)->validate(value, &problems);
    for (const auto& problem : problems)
      UNSCOPED_INFO(problem);
    return good;
  };
  std::string text;
  append_entry(text, "a.b", whole);
  CHECK(valid("schemas/index/v1/indexed-task-response", text));
  CHECK(valid("schemas/index/v1/list-tasks-response",
              list_below(state, {"a", false, 10, {}, {}}, now).text));
  CHECK(valid("schemas/index/v1/list-namespaces-response",
              list_below(state, {"", true, 10, {}, {}}, now).text));
}
