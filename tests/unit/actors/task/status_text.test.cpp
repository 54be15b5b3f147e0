#include "actors/task/task_wire.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <regex>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

std::string pristine_status(const some_task& task) {
  std::string text;
  append_pristine_status(text, task.state);
  return text;
}

}  // namespace

TEST_CASE("the status of a task that lost a worker, member by member") {
  auto task = running_task();
  task.timer_at(task.run(0).taken_until);
  CHECK(json::parse(status_text(task.state)) == json::parse(R"({
    "taskId": "fN1SbArXTPSVFNUvaOlinQ", "provisionerId": "proj", "workerType": "ci",
    "taskQueueId": "proj/ci", "schedulerId": "-", "projectId": "none",
    "taskGroupId": "fN1SbArXTPSVFNUvaOlinQ", "priority": "lowest",
    "deadline": "2026-09-02T10:00:00.003Z", "expires": "2027-09-02T10:00:00.003Z",
    "retriesLeft": 4, "state": "pending",
    "runs": [
      {"runId": 0, "state": "exception", "reasonCreated": "scheduled",
       "reasonResolved": "claim-expired", "workerGroup": "eu", "workerId": "w-17",
       "takenUntil": "2026-09-01T10:20:00.003Z", "scheduled": "2026-09-01T10:00:00.003Z",
       "started": "2026-09-01T10:00:00.003Z", "resolved": "2026-09-01T10:20:00.003Z"},
      {"runId": 1, "state": "pending", "reasonCreated": "retry",
       "scheduled": "2026-09-01T10:20:00.003Z"}]})"));
}

TEST_CASE("EV-1 the status of a task that was only just defined is unscheduled, without runs") {
  const auto task = reported_task(run_report::worker_shutdown);
  const auto status = against_schema(pristine_status(task), "task-status");
  CHECK(status.at("state") == "unscheduled");
  CHECK(status.at("runs") == json::array{});
  CHECK(status.at("retriesLeft") == 5);
  CHECK(pristine_status(unscheduled_task()) == status_text(unscheduled_task().state));
}

TEST_CASE("the status agrees with its schema at every point of a task's life") {
  auto canceled = pending_task();
  canceled.cancel();
  auto ended = unscheduled_task();
  ended.timer_at(ended.deadline() + 1h);
  auto rerun = reported_task(run_report::failed);
  rerun.rerun();
  for (const auto& task :
       {unscheduled_task(), pending_task(), running_task(), reported_task(run_report::completed),
        reported_task(run_report::failed), reported_task(run_report::malformed_payload),
        reported_task(run_report::resource_unavailable), reported_task(run_report::internal_error),
        reported_task(run_report::worker_shutdown), reported_task(run_report::intermittent_task),
        canceled, ended, rerun}) {
    const auto status = against_schema(status_text(task.state), "task-status");
    const auto state = task.state.has_runs() ? to_string(task.last().state) : "unscheduled";
    CHECK(status.at("state") == json::value(state));
    CHECK(status.at("runs").as_array().size() == task.state.runs.size());
    against_schema(status_answer(status_text(task.state)), "task-status-response");
    for (std::size_t i = 0; i < task.state.runs.size(); ++i)
      CHECK(status.at("runs").at(i).at("runId") == i);
  }
}

TEST_CASE("members of a run are there from when on the contract says, and never null") {
  auto has = [](const some_task& task, std::string_view member) {
    return json::parse(status_text(task.state)).at("runs").at(0).as_object().contains(member);
  };
  const auto pending = pending_task();
  for (const auto* member :
       {"workerGroup", "workerId", "started", "takenUntil", "reasonResolved", "resolved"})
    CHECK_FALSE(has(pending, member));
  const auto running = running_task();
  for (const auto* member : {"workerGroup", "workerId", "started", "takenUntil"})
    CHECK(has(running, member));
  CHECK_FALSE(has(running, "resolved"));
  const auto completed = reported_task(run_report::completed);
  for (const auto* member : {"workerGroup", "workerId", "started", "takenUntil", "reasonResolved",
                             "resolved", "scheduled", "reasonCreated"})
    CHECK(has(completed, member));
  auto canceled = unscheduled_task();
  canceled.cancel();
  CHECK_FALSE(has(canceled, "workerGroup"));
  CHECK(has(canceled, "resolved"));
}

TEST_CASE("HT-10 every date of a status has the canonical form") {
  const auto text = status_text(reported_task(run_report::completed).state);
  const std::regex date{"\"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^\"]*\""};
  const std::regex canonical{"\"[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z\""};
  std::size_t dates = 0;
  for (std::sregex_iterator at{text.begin(), text.end(), date}, end; at != end; ++at, ++dates)
    CHECK(std::regex_match(at->str(), canonical));
  CHECK(dates == 6);
}

TEST_CASE("CT-15 the longest identifiers fit into every text") {
  auto task = running_task();
  auto definition = *task.state.definition;
  const std::string longest(38, 'x');
  definition.queue.text = longest + "/" + longest;
  definition.scheduler_id = longest;
  task.state.definition = std::make_shared<const task_definition>(definition);
  task.state.runs[0].worker = {longest, longest};
  const auto status = against_schema(status_text(task.state), "task-status");
  CHECK(status.at("provisionerId") == json::value(longest));
  CHECK(status.at("workerType") == json::value(longest));
  CHECK(status.at("runs").at(0).at("workerId") == json::value(longest));
  std::string key;
  append_routing_key(key, task.state, 0, &task.run(0).worker);
  CHECK(key == "primary." + some_id.str() + ".0." + longest + "." + longest + "." + longest + "." +
                   longest + "." + longest + "." + some_id.str() + "._");
}
