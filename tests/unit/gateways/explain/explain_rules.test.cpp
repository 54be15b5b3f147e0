#include "gateways/explain/explain_rules.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace json = boost::json;

namespace {

constexpr timestamp start{1'764'000'000'000};
using words = std::vector<std::string>;

words codes(const explain_facts& facts) {
  words all;
  for (const auto& one : reasons_of(facts))
    all.push_back(one.code);
  return all;
}

reason first(const explain_facts& facts) { return reasons_of(facts).front(); }

explain_facts some_facts(const std::string& state) {
  explain_facts facts;
  facts.now = start;
  facts.task.id = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");
  facts.task.state = state;
  facts.task.queue.text = "proj/ci";
  facts.task.created = start - 1h;
  facts.task.deadline = start + 10h;
  facts.group.emplace();
  return facts;
}

// Pending in an empty queue that nobody has ever asked for work.
explain_facts pending() {
  auto facts = some_facts("pending");
  facts.task.last_run.emplace();
  facts.queue.emplace();
  facts.queue->waits = true;
  facts.queue->pending = 1;
  facts.workers.emplace();
  return facts;
}

explain_facts pending_with(std::uint64_t workers, std::uint64_t claimed,
                           std::uint64_t quarantined = 0) {
  auto facts = pending();
  *facts.workers = {workers, quarantined, start - 1min};
  facts.queue->claimed = claimed;
  facts.queue->working_workers = std::min(workers, claimed);
  return facts;
}

explain_facts unscheduled(std::vector<dependency_facts> dependencies) {
  auto facts = some_facts("unscheduled");
  facts.task.dependencies = facts.task.open = dependencies.size();
  facts.dependencies = std::move(dependencies);
  return facts;
}

}  // namespace

TEST_CASE("explain: who is there for a pending task") {
  CHECK(codes(pending()) == words{"no-workers", "waiting-in-queue"});
  CHECK(codes(pending_with(3, 0)) == words{"no-worker-asking", "waiting-in-queue"});
  CHECK(codes(pending_with(3, 3)) == words{"workers-busy", "waiting-in-queue"});
  CHECK(codes(pending_with(3, 0, 3)) == words{"workers-quarantined", "waiting-in-queue"});
  CHECK(codes(pending_with(3, 2, 1)) ==
        words{"workers-busy", "waiting-in-queue", "workers-quarantined"});
  CHECK(first(pending_with(3, 0)).text ==
        "None of the 3 known workers of queue proj/ci works or asks for work, and the last call "
        "for work was at " +
            to_iso(start - 1min) + ".");
  CHECK(first(pending_with(1, 0))
            .text.starts_with(
                "The only known worker of queue proj/ci neither works nor asks for work"));
  CHECK(first(pending_with(3, 0, 3)).weight == importance::blocking);
  CHECK(is_runnable(pending()));
}

TEST_CASE("explain: who waits for work and may not have it is not asking") {
  auto facts = pending_with(2, 0, 1);
  facts.queue->waiting_claims = 1;
  facts.queue->barred_claims = 1;
  CHECK(codes(facts) == words{"no-worker-asking", "waiting-in-queue", "workers-quarantined"});
  facts.queue->waiting_claims = 2;  // the other one is about to get it
  CHECK(codes(facts) == words{"waiting-in-queue", "workers-quarantined"});
  facts.queue->waits = false;
  CHECK(codes(facts) == words{"being-claimed"});
}

TEST_CASE("explain: what goes first comes before who is busy, and both behind what blocks") {
  auto facts = pending_with(2, 2);
  facts.queue->ahead = 5;
  facts.queue->ahead_above = 2;
  facts.queue->pending = 9;
  CHECK(codes(facts) == words{"waiting-in-queue", "workers-busy"});
  CHECK(first(facts).text ==
        "5 of the 9 runs that wait in queue proj/ci go first, 2 by a higher priority.");
  *facts.workers = {};
  facts.queue->claimed = 0;
  CHECK(codes(facts) == words{"no-workers", "waiting-in-queue"});
}

TEST_CASE("explain: a pool that fails, starts or is full") {
  auto facts = pending();
  facts.pool.emplace();
  facts.pool->max_workers = 2;
  CHECK(codes(facts) == words{"no-workers", "waiting-in-queue"});
  facts.pool->starting = 1;
  CHECK(codes(facts) == words{"worker-starting", "waiting-in-queue"});
  facts.pool->failures = 3;
  facts.pool->last_failure = "exit code 1";
  facts.pool->next_start = start - 1s;
  CHECK(codes(facts) == words{"pool-start-failing", "worker-starting", "waiting-in-queue"});
  facts.pool->starting = 0;
  facts.pool->next_start = start + 8s;
  CHECK(codes(facts) == words{"pool-start-failing", "no-workers", "waiting-in-queue"});
  CHECK(first(facts).text ==
        "The worker pool of queue proj/ci had 3 failures in a row, the last one: exit code 1.");
  CHECK(first(facts).change.ends_with("the next start is in 8 seconds."));

  auto full = pending_with(2, 2);
  full.pool = facts.pool;
  full.pool->running = 2;
  CHECK(codes(full) ==
        words{"pool-start-failing", "pool-at-limit", "workers-busy", "waiting-in-queue"});
  CHECK(first(full).weight == importance::delaying);
  full.pool->next_start = start;  // long ago, and others came since
  CHECK(codes(full) == words{"pool-at-limit", "workers-busy", "waiting-in-queue"});
}

TEST_CASE("explain: dependencies that are open, failed, gone, or the task itself") {
  CHECK(codes(unscheduled({{"a", "pending", ""}, {"b", "running", ""}})) ==
        words{"dependencies-open"});
  CHECK(first(unscheduled({{"a", "pending", ""}})).text ==
        "It waits for its only dependency (1 pending).");
  auto mixed = unscheduled({{"a", "failed", "failed"},
                            {"b", "exception", "canceled"},
                            {"c", "gone", ""},
                            {"fN1SbArXTPSVFNUvaOlinQ", "unscheduled", ""},
                            {"d", "unscheduled", ""}});
  CHECK(codes(mixed) ==
        words{"depends-on-itself", "dependency-failed", "dependency-gone", "dependencies-open"});
  CHECK(reasons_of(mixed)[3].details.at("open") == 1);
  // By this rule a failure frees, too: the news is on its way.
  mixed.task.requires_rule = dependency_rule::all_resolved;
  CHECK(codes(mixed) == words{"depends-on-itself", "dependency-gone", "dependencies-open"});
  CHECK(reasons_of(mixed)[2].details.at("open") == 3);
  CHECK(codes(unscheduled({})) == words{"being-scheduled"});
  CHECK_FALSE(is_runnable(mixed));
  auto many = unscheduled({{"a", "failed", "failed"}, {"b", "pending", ""}});
  many.task.dependencies = many.task.open = 300;
  CHECK(reasons_of(many)[1].text ==
        "It waits for 299 of its 300 dependencies (of the first 1: 1 pending).");
}

TEST_CASE("explain: running and resolved tasks say so") {
  auto facts = some_facts("running");
  facts.task.last_run = run_facts{2, "", "g/w", start - 1min, start + 1min, {}};
  facts.task.retries_left = 1;
  CHECK(codes(facts) == words{"running"});
  CHECK(first(facts).text == "Run 2 runs on worker g/w since " + to_iso(start - 1min) + ".");
  CHECK(first(facts).change.ends_with("is given back, with 1 retry left."));
  CHECK(is_runnable(facts));
  facts.task.state = "exception";
  facts.task.last_run->resolved_as = "claim-expired";
  facts.task.last_run->resolved = start;
  CHECK(codes(facts) == words{"resolved"});
  CHECK(first(facts).text ==
        "Run 2 ended as exception (claim-expired) at " + to_iso(start) + " on worker g/w.");
  CHECK(first(facts).change.find("rerunTask") != std::string::npos);
  facts.task.deadline = start;
  CHECK(first(facts).change == "Nothing does; create the work again as another task.");
  CHECK_FALSE(is_runnable(facts));
}

TEST_CASE("explain: a deadline is near with less than a tenth of its time left") {
  auto facts = pending();
  facts.task.deadline = start + 6min + 40s;
  CHECK(codes(facts) == words{"no-workers", "waiting-in-queue"});
  facts.task.deadline = start + 6min + 39s;
  CHECK(codes(facts) == words{"no-workers", "waiting-in-queue", "deadline-near"});
  CHECK(reasons_of(facts)[2].text ==
        "Its deadline comes in 6 minutes, and then it is resolved as deadline-exceeded.");
  facts.task.deadline = start;
  CHECK(codes(facts) == words{"deadline-passed"});
  CHECK_FALSE(is_runnable(facts));
  auto waiting = unscheduled({{"a", "pending", ""}});
  waiting.task.deadline = start - 3s;
  CHECK(codes(waiting) == words{"deadline-passed", "dependencies-open"});
  CHECK(first(waiting).text ==
        "Its deadline passed 3 seconds ago, and it is about to be resolved as deadline-exceeded.");
}

TEST_CASE("explain: a group that is canceled blocks, one that is sealed is a note") {
  auto facts = pending();
  facts.group->sealed = start - 1h;
  CHECK(codes(facts) == words{"no-workers", "waiting-in-queue", "group-sealed"});
  facts.group->canceling = true;
  CHECK(codes(facts) == words{"group-canceling", "no-workers", "waiting-in-queue", "group-sealed"});
}

TEST_CASE("explain: whatever is told there is a reason, in order, in whole sentences") {
  CHECK(rc::check([] {
    const auto number = [] { return *rc::gen::inRange<std::uint64_t>(0, 4); };
    auto facts = some_facts(*rc::gen::element<std::string>("unscheduled", "pending", "running",
                                                           "completed", "failed", "exception"));
    facts.task.deadline = start + std::chrono::minutes{*rc::gen::inRange(-2, 300)};
    for (auto left = number(); left > 0; --left)
      facts.dependencies.push_back(
          {"a", *rc::gen::element<std::string>("pending", "failed", "gone", "completed"), ""});
    facts.task.open = facts.task.dependencies = facts.dependencies.size();
    if (number() > 0)
      facts.queue = queue_facts{number() > 0, number(), 0, number(), number(), number(), 0, 1};
    if (number() > 0)
      facts.workers = worker_facts{number(), number(), {}};
    if (number() > 0)
      facts.pool = pool_facts{number(), number(), number(), number(), number(), "x", start};
    if (number() > 0)
      facts.group = group_facts{start, number() > 1};
    const auto reasons = reasons_of(facts);
    RC_ASSERT(!reasons.empty());
    bool ordered = true;
    bool whole = true;
    for (std::size_t i = 0; i < reasons.size(); ++i) {
      ordered = ordered && (i == 0 || reasons[i - 1].weight <= reasons[i].weight);
      whole = whole && reasons[i].text.ends_with('.') && reasons[i].change.ends_with('.');
    }
    RC_ASSERT(ordered);
    RC_ASSERT(whole);
  }));
}

TEST_CASE("explain: the answer has the facts as they were told") {
  const auto told =
      json::parse(R"({"task":{"status":{"taskId":"fN1SbArXTPSVFNUvaOlinQ","state":"pending",
    "taskQueueId":"proj/ci","taskGroupId":"fN1SbArXTPSVFNUvaOlinQ","priority":"low",
    "deadline":"2026-09-02T10:00:00.003Z","retriesLeft":4,"runs":[
      {"runId":0,"state":"exception","reasonResolved":"worker-shutdown"},
      {"runId":1,"state":"pending"}]},"created":"2026-09-01T10:00:00.003Z",
    "requires":"all-resolved","dependencies":3,"open":0,"openDependencies":[],"enqueuedUs":17},
    "queue":{"waits":true,"ahead":6,"aheadByPriority":{"high":4,"low":2},"pending":8,"claimed":5,
      "waitingClaims":2,"barredClaims":2,"workingWorkers":3},
    "workers":{"known":4,"quarantined":1,"lastActive":"2026-09-01T10:00:01.003Z"},
    "pool":null,"group":{"canceling":false}})")
          .as_object();
  const auto now = *parse_date_time("2026-09-01T11:00:00.003Z");
  const auto facts = read_facts(told, now);
  CHECK(facts.task.queue.text == "proj/ci");
  CHECK(facts.task.priority == task_priority::low);
  CHECK(facts.task.requires_rule == dependency_rule::all_resolved);
  CHECK(facts.task.enqueued_us == 17);
  CHECK(facts.task.last_run->id == 1);
  CHECK(facts.queue->ahead_above == 4);
  CHECK(facts.workers->known == 4);
  CHECK_FALSE(facts.pool);
  CHECK(facts.group->sealed.ms == 0);
  const auto answer = json::parse(explanation_text(facts, told)).as_object();
  CHECK(answer.at("facts") == told);
  CHECK(answer.at("state") == "pending");
  CHECK(answer.at("runnable") == true);
  CHECK(answer.at("summary") ==
        "The task is pending: 6 of the 8 runs that wait in queue proj/ci go first, 4 by a higher "
        "priority.");
  const auto& second = answer.at("reasons").at(1);
  CHECK(second.at("code") == "workers-busy");
  CHECK(second.at("importance") == "delaying");
  CHECK(second.at("details").at("working") == 3);
}

TEST_CASE("explain: a dependency's entry says how it stands, or that it is gone") {
  const auto entry = [](std::string_view answered) {
    return json::serialize(dependency_entry("a", json::parse(answered).as_object()));
  };
  CHECK(entry(R"({"status":{"state":"failed","runs":[{"reasonResolved":"failed"}]}})") ==
        R"({"taskId":"a","state":"failed","reasonResolved":"failed"})");
  CHECK(entry(R"({"status":{"state":"unscheduled","runs":[]}})") ==
        R"({"taskId":"a","state":"unscheduled"})");
  CHECK(entry("{}") == R"({"taskId":"a","state":"gone"})");
}
