#include "actors/log_stream/log_directory_actor.hpp"
#include "tests/unit/actors/log_stream/log_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <future>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;

/// Hears of logs that were ended without their worker.
struct abandoned_bench {
  explicit abandoned_bench(const std::string& directory) : logs(options(directory)) {}

  log_directory_options options(const std::string& directory) {
    log_directory_options made{directory};
    made.lost_writer_time = 20ms;
    made.resolved_writer_time = 1h;
    made.on_abandoned = [this](const task_id&, run_id run) { ended.set_value(run); };
    return made;
  }

  void resolve(std::string how) { logs.tell(log_run_resolved{some_task(), 0, std::move(how)}); }

  void pass(std::chrono::milliseconds by) {
    logs.on_lane([&](lane&) { logs.time.advance(by); });
  }

  std::promise<run_id> ended;
  log_bench logs;
};

}  // namespace

TEST_CASE("workers 6: the log of a lost worker ends with a note, and is to be kept") {
  scratch_directory where;
  abandoned_bench bench{where.path};
  bench.logs.append(0, "half a li");
  const auto follower = bench.logs.follow(0);
  CHECK(follower->wait_for(9) == "half a li");
  bench.resolve("claim-expired");
  bench.pass(1s);
  const auto text = follower->wait_for_end();
  CHECK(text.starts_with("half a li\n[taskcluster:error] The worker did not end this log"));
  CHECK(text.find("claim-expired") != std::string::npos);
  auto heard = bench.ended.get_future();
  REQUIRE(heard.wait_for(patience) == std::future_status::ready);
  CHECK(heard.get() == 0);
  // A worker that comes back hears that it is too late for more.
  CHECK(bench.logs.append(9, "ne\n").status != 409);
  CHECK(bench.logs.append(text.size(), "more").status == 409);
}

TEST_CASE(
    "workers 6: the log of a lost worker ends also when a restart has it in the spool alone") {
  scratch_directory where;
  { log_bench{where.path}.append(0, "before\n"); }
  abandoned_bench bench{where.path};
  bench.resolve("worker-shutdown");
  const auto follower = bench.logs.follow(0);
  CHECK(follower->wait_for(7) == "before\n");
  bench.pass(1s);
  CHECK(follower->wait_for_end().starts_with("before\n[taskcluster:error]"));
}

TEST_CASE("workers 6: a log that was ended for its worker has one note, whenever the server died") {
  const std::string note =
      "[taskcluster:error] The worker did not end this log: the run was resolved as "
      "claim-expired. Above is what it had sent.\n";
  for (const auto written : {std::size_t{0}, std::size_t{1}, std::size_t{30}, note.size()}) {
    scratch_directory where;
    { log_bench{where.path}.append(0, "before\n" + note.substr(0, written)); }
    abandoned_bench bench{where.path};
    bench.resolve("claim-expired");
    const auto follower = bench.logs.follow(0);
    follower->wait_for(7 + written);
    bench.pass(1s);
    CHECK(follower->wait_for_end() == "before\n" + note);
    auto heard = bench.ended.get_future();
    CHECK(heard.wait_for(patience) == std::future_status::ready);
  }
}

TEST_CASE("workers 6: a worker that goes on with its log, or ends it, is not disturbed") {
  scratch_directory where;
  abandoned_bench bench{where.path};
  auto heard = bench.ended.get_future();
  bench.logs.append(0, "one ");
  SECTION("it was canceled and may not know it yet") {
    bench.resolve("canceled");
    bench.pass(1s);
    CHECK(bench.logs.append(4, "two").body == R"({"offset":7})");
    bench.logs.finish();
    CHECK(bench.logs.follow(0)->wait_for_end() == "one two");
  }
  SECTION("it ends it in time") {
    bench.resolve("worker-shutdown");
    bench.logs.finish();
    bench.pass(1s);
    CHECK(bench.logs.follow(0)->wait_for_end() == "one ");
  }
  SECTION("it had ended it") {
    bench.logs.finish();
    bench.resolve("claim-expired");
    bench.pass(1s);
    CHECK(bench.logs.follow(0)->wait_for_end() == "one ");
  }
  bench.pass(1s);
  CHECK(heard.wait_for(0s) == std::future_status::timeout);
}

}  // namespace troupe
