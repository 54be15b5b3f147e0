#include "actors/task/task_wire.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

struct kind_of_event {
  task_event event;
  std::string name;
};

std::string routing_key(const task_state& state, std::optional<run_id> run,
                        const worker_name* worker) {
  std::string key;
  append_routing_key(key, state, run, worker);
  return key;
}

std::string event_payload(task_event event, const task_state& state, std::string_view status,
                          std::optional<run_id> run, const worker_name* worker) {
  std::string text;
  append_event_payload(text, event, state, status, run, worker);
  return text;
}

json::value payload(const some_task& task, const kind_of_event& kind, run_id run,
                    const worker_name* worker) {
  return against_schema(event_payload(kind.event, task.state, status_text(task.state), run, worker),
                        kind.name + "-message");
}

}  // namespace

TEST_CASE("the exchanges of a task have the names of the protocol") {
  const kind_of_event all[] = {{task_event::defined, "task-defined"},
                               {task_event::pending, "task-pending"},
                               {task_event::running, "task-running"},
                               {task_event::completed, "task-completed"},
                               {task_event::failed, "task-failed"},
                               {task_event::exception, "task-exception"},
                               {task_event::priority_changed, "task-priority-changed"}};
  for (const auto& [event, name] : all)
    CHECK(exchange_of(event) == "exchange/taskcluster-queue/v1/" + name);
}

TEST_CASE("routing keys have ten words, and _ for what is not there") {
  const auto task = running_task();
  const auto& worker = task.run(0).worker;
  CHECK(routing_key(task.state, 0, &worker) ==
        "primary.fN1SbArXTPSVFNUvaOlinQ.0.eu.w-17.proj.ci.-.fN1SbArXTPSVFNUvaOlinQ._");
  CHECK(routing_key(task.state, 12, nullptr) ==
        "primary.fN1SbArXTPSVFNUvaOlinQ.12._._.proj.ci.-.fN1SbArXTPSVFNUvaOlinQ._");
  CHECK(routing_key(task.state, std::nullopt, nullptr) ==
        "primary.fN1SbArXTPSVFNUvaOlinQ._._._.proj.ci.-.fN1SbArXTPSVFNUvaOlinQ._");
}

TEST_CASE("CT-13 every route is a CC key, in order, dots and blanks included") {
  CHECK(cc_of(*define({.routes = {}})).empty());
  const std::string spaces = "a route with spaces. and dots " + std::string(219, 'x');
  REQUIRE(spaces.size() == 249);
  CHECK(cc_of(*define({.routes = {"z", spaces, "index.proj.latest"}})) ==
        words{"route.z", "route." + spaces, "route.index.proj.latest"});
}

TEST_CASE("EV-1 task-defined has the pristine status, task-pending what createTask answers") {
  const auto task = pending_task();
  const auto defined = against_schema(event_payload(task_event::defined, task.state,
                                                    status_text(task.state), std::nullopt, nullptr),
                                      "task-defined-message");
  CHECK(defined.at("status").at("state") == "unscheduled");
  CHECK(defined.at("status").at("projectId") == "none");
  CHECK_FALSE(defined.as_object().contains("runId"));
  const auto pending = payload(task, {task_event::pending, "task-pending"}, 0, nullptr);
  CHECK(pending.at("status") == json::parse(status_answer(status_text(task.state))).at("status"));
  CHECK(pending.at("runId") == 0);
  CHECK(pending.at("version") == 1);
  CHECK_FALSE(pending.as_object().contains("workerId"));
}

TEST_CASE("task-running names worker and end of the claim") {
  const auto task = running_task();
  const auto running = payload(task, {task_event::running, "task-running"}, 0, &task.run(0).worker);
  CHECK(running.at("workerGroup") == "eu");
  CHECK(running.at("workerId") == "w-17");
  CHECK(running.at("takenUntil") == "2026-09-01T10:20:00.003Z");
  CHECK(running.at("status").at("state") == "running");
}

TEST_CASE("task-completed, task-failed and task-exception agree with their schemas") {
  const auto completed = reported_task(run_report::completed);
  CHECK(payload(completed, {task_event::completed, "task-completed"}, 0, &some_worker)
            .at("status")
            .at("state") == "completed");
  const auto failed = reported_task(run_report::failed);
  CHECK(payload(failed, {task_event::failed, "task-failed"}, 0, &some_worker).at("workerId") ==
        "w-17");
  auto ended = unscheduled_task();
  ended.timer_at(ended.deadline() + 1h);
  const auto exception = payload(ended, {task_event::exception, "task-exception"}, 0, nullptr);
  CHECK(exception.at("runId") == 0);
  CHECK_FALSE(exception.as_object().contains("workerGroup"));
}

TEST_CASE("EV-4 both events of a retry hold the new run") {
  const auto task = reported_task(run_report::worker_shutdown);
  const auto exception =
      payload(task, {task_event::exception, "task-exception"}, 0, &task.run(0).worker);
  const auto pending = payload(task, {task_event::pending, "task-pending"}, 1, nullptr);
  CHECK(exception.at("status") == pending.at("status"));
  CHECK(exception.at("status").at("runs").as_array().size() == 2);
  CHECK(exception.at("runId") == 0);
  CHECK(pending.at("runId") == 1);
}

TEST_CASE("EV-3 every event has the tags of the task, whatever is in them") {
  const wish tagged{.tags = R"({"kind":"a \"b\" \\ \n\u0001 ü","":"x"})"};
  const auto expected = json::parse(tagged.tags);
  const auto task = running_task(tagged);
  for (const kind_of_event& kind : {kind_of_event{task_event::pending, "task-pending"},
                                    {task_event::running, "task-running"},
                                    {task_event::completed, "task-completed"},
                                    {task_event::failed, "task-failed"},
                                    {task_event::exception, "task-exception"}}) {
    const bool has_worker = kind.event != task_event::pending;
    const auto event = payload(task, kind, 0, has_worker ? &task.run(0).worker : nullptr);
    CHECK(event.at("task").at("tags") == expected);
  }
  const auto bare = pending_task({.tags = "{}"});
  CHECK(payload(bare, {task_event::pending, "task-pending"}, 0, nullptr).at("task").at("tags") ==
        json::object{});
}

TEST_CASE("PR-6 task-priority-changed tells both priorities and the new status") {
  auto task = pending_task();
  task.change_priority(task_priority::very_high);
  const auto event =
      against_schema(priority_payload(task.state, status_text(task.state), task_priority::lowest),
                     "task-priority-changed-message");
  CHECK(event.at("oldPriority") == "lowest");
  CHECK(event.at("newPriority") == "very-high");
  CHECK(event.at("status").at("priority") == "very-high");
}

namespace {

constexpr std::string_view some_credentials =
    R"({"clientId":"task-client/x","accessToken":"secret","certificate":"{}"})";

}  // namespace

TEST_CASE("CW-3 a claim holds status, definition and credentials as they are") {
  const auto task = running_task();
  const auto claim = against_schema(
      claim_text(task.state, status_text(task.state), some_credentials), "task-claim-response");
  CHECK(claim.at("status") == json::parse(status_text(task.state)));
  CHECK(claim.at("task") == json::parse(task.state.definition->json));
  CHECK(claim.at("credentials") == json::parse(some_credentials));
  CHECK(claim.at("runId") == 0);
  CHECK(claim.at("workerGroup") == "eu");
  CHECK(claim.at("workerId") == "w-17");
  CHECK(claim.at("takenUntil") == "2026-09-01T10:20:00.003Z");
  against_schema(
      "{\"tasks\":[" + claim_text(task.state, status_text(task.state), some_credentials) + "]}",
      "claim-work-response");
}

TEST_CASE("a reclaim is answered like a claim, without the definition") {
  auto task = reported_task(run_report::worker_shutdown);
  task.claim(1, other_worker);
  task.now = some_start + 5min;
  task.reclaim(1);
  const auto answer = against_schema(
      reclaim_text(task.state, status_text(task.state), some_credentials), "task-reclaim-response");
  CHECK(answer.at("runId") == 1);
  CHECK(answer.at("workerGroup") == "us");
  CHECK(answer.at("takenUntil") == "2026-09-01T10:25:00.003Z");
  CHECK(answer.at("credentials") == json::parse(some_credentials));
  CHECK_FALSE(answer.as_object().contains("task"));
}

TEST_CASE("a definition after a priority change agrees with its schema and is what claims show") {
  auto task = pending_task();
  task.change_priority(task_priority::high);
  CHECK(against_schema(task.state.definition->json, "task").at("priority") == "high");
  task.claim();
  const auto claim = json::parse(claim_text(task.state, status_text(task.state), some_credentials));
  CHECK(claim.at("task").at("priority") == "high");
  CHECK(claim.at("status").at("priority") == "high");
}
