#include "actors/queue_register/queue_register_wire.hpp"
#include "actors/worker/worker_rules.hpp"
#include "actors/worker/worker_wire.hpp"
#include "tests/unit/actors/task/against_schema.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};
const queue_row queue{"proj/ci", start + 24h, start, "a \"quoted\" one", "stable"};
const queue_row provisioner{"proj", start + 24h, start, "", "experimental"};

}  // namespace

TEST_CASE("TQ-3 WT-4 PV-1 what is answered agrees with the schemas") {
  const auto shown = against_schema(row_text(queue_view::task_queue, queue), "taskqueue-response");
  CHECK(shown.at("taskQueueId").as_string() == "proj/ci");
  CHECK(shown.at("description").as_string() == queue.description);
  CHECK(shown.at("stability").as_string() == "stable");
  CHECK(shown.at("expires").as_string() == to_iso(queue.expires));
  CHECK(shown.at("lastDateActive").as_string() == to_iso(start));
  const auto type = against_schema(row_text(queue_view::worker_type, queue), "workertype-response");
  CHECK(type.at("provisionerId").as_string() == "proj");
  CHECK(type.at("workerType").as_string() == "ci");
  against_schema(row_text(queue_view::provisioner, provisioner), "provisioner-response");
  for (const auto& rows :
       {std::vector<queue_row>{}, {queue}, {queue, {"x/y", start, start, "", "deprecated"}}}) {
    against_schema(rows_text(queue_view::task_queue, rows), "list-taskqueues-response");
    against_schema(rows_text(queue_view::worker_type, rows), "list-workertypes-response");
  }
  against_schema(rows_text(queue_view::provisioner, {provisioner}), "list-provisioners-response");
}

TEST_CASE("WK-1 entries of workers agree with the schema") {
  worker_state state;
  state.queue.text = "proj/ci";
  state.worker = {"eu", "w-17"};
  on_seen(state, start);
  const auto free = listed_worker_text(state, start);
  state.recent.push_back({*task_id::parse("fN1SbArXTPSVFNUvaOlinQ"), 2});
  state.recent.push_back({*task_id::parse("fN1SbArXTPSVFNUvaOlinQ"), 3});
  state.worker.id = "w-18";
  state.quarantine_until = start + 1h;
  const auto page = against_schema(workers_text({free, listed_worker_text(state, start)}),
                                   "list-workers-response");
  const auto& workers = page.at("workers").as_array();
  CHECK_FALSE(workers[0].as_object().contains("quarantineUntil"));
  CHECK_FALSE(workers[0].as_object().contains("latestTask"));
  CHECK(workers[1].at("latestTask").at("runId").as_int64() == 3);
  CHECK(workers[1].at("quarantineUntil").as_string() == to_iso(start + 1h));
  against_schema(workers_text({}), "list-workers-response");
}

TEST_CASE("a record survives being stored; what is no record is an unknown queue") {
  CHECK(rc::check([] {
    queue_record record;
    record.expires = {*rc::gen::inRange<std::int64_t>(1, 253'402'300'799'999)};
    record.last_active = {*rc::gen::inRange<std::int64_t>(1, 253'402'300'799'999)};
    record.description = *rc::gen::container<std::string>(rc::gen::inRange(' ', '~'));
    record.stability = *rc::gen::element<std::string>("experimental", "stable", "deprecated");
    RC_ASSERT(read_record(record_text(record)) == record);
  }));
  for (const auto* bad : {"", "7", "[]", "{}", R"({"expires":5,"stability":[]})"}) {
    CHECK(read_record(bad) == queue_record{});
  }
}
