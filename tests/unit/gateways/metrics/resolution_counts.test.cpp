#include "gateways/metrics/resolution_counts.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using how = resolution_counts::how;

namespace {

void tell(resolution_counts& counts, std::string_view exchange, std::string_view payload) {
  const auto name = "exchange/taskcluster-queue/v1/" + std::string{exchange};
  event what;
  what.exchange = name;
  what.routing_key = "primary.a_task.0.group.worker.proj.ci.scheduler.a_group._";
  what.payload = payload;
  counts.on_event(what);
}

}  // namespace

TEST_CASE("resolutions are counted by queue and by the reason of the last run") {
  resolution_counts counts;
  tell(counts, "task-completed", "{}");
  tell(counts, "task-completed", "{}");
  tell(counts, "task-exception",
       R"({"status":{"runs":[{"reasonResolved":"claim-expired"},{"reasonResolved":"canceled"}]},
           "task":{"tags":{"reasonResolved":"mine"}}})");
  tell(counts, "task-pending", "{}");
  tell(counts, "task-group-resolved", "{}");
  CHECK(counts.counts() == resolution_counts::table{{{how::completed, "proj/ci", ""}, 2},
                                                    {{how::exception, "proj/ci", "canceled"}, 1}});
}

TEST_CASE("a resolution without a reason that can be read is counted all the same") {
  resolution_counts counts;
  tell(counts, "task-exception", R"({"status":{"runs":[]}})");
  tell(counts, "task-failed", "no JSON");
  CHECK(counts.counts() == resolution_counts::table{{{how::failed, "proj/ci", "unknown"}, 1},
                                                    {{how::exception, "proj/ci", "unknown"}, 1}});
}
