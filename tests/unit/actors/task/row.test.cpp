#include "actors/task/task_wire.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::optional<task_state> read_again(const task_state& state) {
  return read_task(state.id, state.definition->json, status_text(state), internal_text(state));
}

bool same(const task_state& a, const task_state& b) {
  return a.id == b.id && a.definition->json == b.definition->json && a.priority == b.priority &&
         a.retries_left == b.retries_left && a.ever_resolved == b.ever_resolved &&
         a.enqueued_us == b.enqueued_us && a.runs == b.runs &&
         a.open_dependencies == b.open_dependencies;
}

constexpr std::string_view good_status =
    R"({"priority":"low","retriesLeft":3,"runs":[{"runId":0,"state":"pending",)"
    R"("reasonCreated":"scheduled","scheduled":"2026-09-01T10:00:00.003Z"}]})";
constexpr std::string_view good_internal = R"({"everResolved":false,"enqueuedUs":7})";

std::string replaced(std::string_view text, std::string_view what, std::string_view with) {
  std::string result{text};
  const auto at = result.find(what);
  REQUIRE(at != std::string::npos);
  return result.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("a row is read as it was written, at every point of a task's life") {
  auto canceled = unscheduled_task({.dependencies = {id_number(1), some_id}});
  canceled.cancel();
  auto rerun = reported_task(run_report::intermittent_task);
  rerun.change_priority(task_priority::very_low);
  for (const auto& task : {unscheduled_task({.dependencies = {id_number(1), some_id}}),
                           pending_task(), running_task(), reported_task(run_report::completed),
                           reported_task(run_report::worker_shutdown), canceled, rerun}) {
    const auto read = read_again(task.state);
    REQUIRE(read);
    CHECK(same(*read, task.state));
    CHECK(read->dependents.empty());
  }
}

TEST_CASE("an outline says of a task what queue and group have to know") {
  auto rerun = reported_task(run_report::intermittent_task);
  rerun.change_priority(task_priority::very_low);
  for (const auto& task : {pending_task(), running_task(), rerun}) {
    const auto& state = task.state;
    const auto outline = read_outline(state.id, status_text(state), internal_text(state));
    REQUIRE(outline.has_value());
    CHECK(outline->definition->queue == state.definition->queue);
    CHECK(outline->definition->group == state.definition->group);
    CHECK(outline->definition->scheduler_id == state.definition->scheduler_id);
    CHECK(outline->definition->deadline == state.definition->deadline);
    CHECK(outline->definition->expires == state.definition->expires);
    CHECK(outline->priority == state.priority);
    CHECK(outline->enqueued_us == state.enqueued_us);
    CHECK(outline->runs == state.runs);
    CHECK(outline->ever_resolved == state.ever_resolved);
  }
  CHECK_FALSE(read_outline(some_id, good_status, good_internal).has_value());
  CHECK_FALSE(read_outline(some_id, "{}", good_internal).has_value());
  CHECK_FALSE(read_outline(some_id, "", "").has_value());
}

TEST_CASE("any state survives the way through its row") {
  const auto definition = define({.dependencies = {id_number(1)}});
  CHECK(rc::check([&definition] {
    const auto date = rc::gen::map(rc::gen::inRange<std::int64_t>(1, 253'402'300'799'999),
                                   [](std::int64_t ms) { return timestamp{ms}; });
    task_state state;
    state.id = some_id;
    state.definition = definition;
    state.priority = static_cast<task_priority>(*rc::gen::inRange(1, 8));
    state.retries_left = static_cast<std::uint8_t>(*rc::gen::inRange(0, 50));
    state.ever_resolved = *rc::gen::arbitrary<bool>();
    state.enqueued_us = *rc::gen::arbitrary<std::uint64_t>();
    const auto open = *rc::gen::inRange(0, 4);
    for (int i = 0; i < open; ++i)
      state.open_dependencies.push_back(id_number(*rc::gen::inRange(0u, 1'000'000'000u)));
    const auto runs = *rc::gen::inRange(0, 6);
    for (int i = 0; i < runs; ++i) {
      task_run run;
      run.state = static_cast<run_state>(*rc::gen::inRange(0, 5));
      run.created = static_cast<reason_created>(*rc::gen::inRange(0, 5));
      run.resolved_as = static_cast<reason_resolved>(*rc::gen::inRange(0, 11));
      run.scheduled = *date;
      if (*rc::gen::arbitrary<bool>()) {
        run.worker = {"group-" + std::to_string(i), "w_" + std::to_string(i)};
        run.started = *date;
        run.taken_until = *date;
      }
      if (*rc::gen::arbitrary<bool>())
        run.resolved = *date;
      state.runs.push_back(run);
    }
    const auto read = read_again(state);
    RC_ASSERT(read.has_value());
    RC_ASSERT(same(*read, state));
  }));
}

TEST_CASE("a row that makes no sense is no task") {
  const auto definition = define({})->json;
  REQUIRE(read_task(some_id, definition, good_status, good_internal));
  const std::string_view no_json[] = {"", "{", "[]", "null", "7", "{}"};
  for (const auto text : no_json) {
    CAPTURE(text);
    CHECK_FALSE(read_task(some_id, text, good_status, good_internal));
    CHECK_FALSE(read_task(some_id, definition, text, good_internal));
    CHECK_FALSE(read_task(some_id, definition, good_status, text));
  }
  const std::pair<std::string_view, std::string_view> wrong_status[] = {
      {"\"low\"", "\"normal\""},
      {"\"low\"", "4"},
      {":3,", ":-1,"},
      {":3,", ":300,"},
      {":3,", ":1e300,"},
      {":3,", ":\"3\","},
      {"[{", "[7,{"},
      {"\"pending\"", "\"waiting\""},
      {"\"pending\"", "null"},
      {"\"state\":\"pending\",", ""},
      {"\"scheduled\",", "\"because\","},
      {"2026-09-01T10:00:00.003Z", "yesterday"},
      {"\"2026-09-01T10:00:00.003Z\"", "12"},
      {"\"runId\":0", "\"workerGroup\":1"},
  };
  for (const auto& [what, with] : wrong_status) {
    CAPTURE(what, with);
    CHECK_FALSE(read_task(some_id, definition, replaced(good_status, what, with), good_internal));
  }
  const std::string_view wrong_internal[] = {
      R"({"enqueuedUs":7})",
      R"({"everResolved":"no","enqueuedUs":7})",
      R"({"everResolved":false})",
      R"({"everResolved":false,"enqueuedUs":-7})",
      R"({"everResolved":false,"enqueuedUs":7,"waitsFor":{}})",
      R"({"everResolved":false,"enqueuedUs":7,"waitsFor":["x"]})",
      R"({"everResolved":false,"enqueuedUs":7,"waitsFor":[1]})",
  };
  for (const auto text : wrong_internal) {
    CAPTURE(text);
    CHECK_FALSE(read_task(some_id, definition, good_status, text));
  }
}

TEST_CASE("a row with members this version does not know is read all the same") {
  const auto read = read_task(some_id, define({})->json, good_status,
                              R"({"everResolved":true,"enqueuedUs":7,"later":{"x":1}})");
  REQUIRE(read);
  CHECK(read->ever_resolved);
  CHECK(read->priority == task_priority::low);
}

TEST_CASE(
    "an edge is read as it was written; of anything else it has the stricter rule and no end") {
  const auto to = id_number(1);
  for (const auto rule : {dependency_rule::all_completed, dependency_rule::all_resolved})
    for (const auto expires : {timestamp{}, some_start + 1h})
      CHECK(read_edge(to, edge_text(rule, expires)) == task_dependent{to, rule, true, expires});
  for (const auto text : {"", "whatever", "whatever 17x", "all-completed", "all-completed x"}) {
    CAPTURE(text);
    CHECK(read_edge(to, text).rule == dependency_rule::all_completed);
  }
  CHECK(read_edge(to, "all-resolved") ==
        task_dependent{to, dependency_rule::all_resolved, true, {}});
}

TEST_CASE("CL-2 that a run was claimed by claimTask outlives a restart") {
  auto task = pending_task();
  task.claim_directly();
  const auto read = read_task(task.state.id, task.state.definition->json, status_text(task.state),
                              internal_text(task.state));
  REQUIRE(read);
  CHECK(read->claimed_directly);
}
