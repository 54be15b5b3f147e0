#include "actors/task/artifact_sweep.hpp"
#include "actors/task/artifact_rules.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

/// What stands in the order by expiry; a broken one cannot be removed.
struct some_shard {
  std::vector<bool> broken = {};
  artifact_sweep sweep = {};
  std::size_t batch = artifact_batch;
  std::size_t batches = 0;

  void run() {
    begin_sweep(sweep, some_start, 30min);
    for (auto step = sweep_step::read_batch; step == sweep_step::read_batch;) {
      ++batches;
      const auto from = std::min(sweep.offset(), broken.size());
      const auto found = std::min(batch, broken.size() - from);
      step = take_batch(sweep, found, found, batch);
      auto at = from;
      for (std::size_t i = 0; i < found; ++i) {
        CHECK(step == sweep_step::wait);
        const auto result = broken[at] ? expiry_result::failed : expiry_result::removed;
        if (broken[at])
          ++at;
        else
          broken.erase(broken.begin() + static_cast<std::ptrdiff_t>(at));
        step = take_expired(sweep, {some_id, sweep.number, result});
      }
    }
  }
};

}  // namespace

TEST_CASE("AR-20 an artifact is over when it expired longer ago than the delay") {
  artifact_record record;
  record.expires = some_start;
  CHECK_FALSE(is_over(record, some_start + 1h, 1h));
  CHECK(is_over(record, some_start + 1h + 1ms, 1h));
  CHECK_FALSE(is_over(record, some_start, 0ms));
}

TEST_CASE("AR-20 a hundred and fifty artifacts vanish in one search") {
  some_shard shard{std::vector<bool>(150, false)};
  shard.run();
  CHECK(shard.broken.empty());
  CHECK(shard.batches == 2);
  CHECK(shard.sweep.removed == 150);
  CHECK(shard.sweep.due == some_start - 30min);
}

TEST_CASE("EX-3 EX-4 what cannot be removed stays for the next search and stands in nobody's way") {
  REQUIRE(rc::check("all but the broken ones are removed and counted", [] {
    const auto size = *rc::gen::inRange<std::size_t>(0, 350);
    some_shard shard{*rc::gen::container<std::vector<bool>>(size, rc::gen::arbitrary<bool>())};
    const auto failing =
        static_cast<std::size_t>(std::count(shard.broken.begin(), shard.broken.end(), true));
    for (int again = 0; again < 2; ++again) {
      shard.run();
      RC_ASSERT(shard.broken == std::vector<bool>(failing, true));
      RC_ASSERT(shard.sweep.failed == failing);
      RC_ASSERT(shard.sweep.removed == (again == 0 ? size - failing : 0));
      RC_ASSERT(shard.sweep.idle());
    }
  }));
}

TEST_CASE("EX-5 batches of one find everything, whatever cannot be removed") {
  some_shard shard{{false, true, false, false, true}};
  shard.batch = 1;
  shard.run();
  CHECK(shard.broken == std::vector<bool>{true, true});
  CHECK(shard.sweep.removed == 3);
  CHECK(shard.sweep.failed == 2);
}

TEST_CASE("a search that hangs gives way to the next, and late answers do not count for that") {
  artifact_sweep sweep;
  CHECK(may_begin(sweep));
  begin_sweep(sweep, some_start, 0ms);
  CHECK_FALSE(may_begin(sweep));  // Redis always answers in the end
  CHECK_FALSE(may_begin(sweep));
  take_batch(sweep, 2, 2);
  CHECK_FALSE(may_begin(sweep));
  take_expired(sweep, {some_id, sweep.number, expiry_result::removed});
  CHECK_FALSE(may_begin(sweep));
  CHECK(may_begin(sweep));
  const auto before = sweep.number;
  begin_sweep(sweep, some_start, 0ms);
  take_batch(sweep, 1, 1);
  CHECK(take_expired(sweep, {some_id, before, expiry_result::removed}) == sweep_step::wait);
  CHECK(sweep.open == 1);
  CHECK(take_expired(sweep, {some_id, sweep.number, expiry_result::renewed}) == sweep_step::finish);
  CHECK(sweep.removed == 0);
  CHECK(sweep.failed == 0);
}

TEST_CASE("a batch of which nothing makes sense is over at once") {
  artifact_sweep sweep;
  begin_sweep(sweep, some_start, 0ms);
  CHECK(take_batch(sweep, 1, 0) == sweep_step::finish);
}

TEST_CASE("searches come often where records end soon, and never all the time") {
  CHECK(sweep_interval(0ms) == 1s);
  CHECK(sweep_interval(5s) == 5s);
  CHECK(sweep_interval(30min) == 60s);
}

TEST_CASE("the key of an artifact says whose it is, slashes in its name included") {
  const auto read = read_artifact_key(artifact_key(some_id, 12, "public/a/0/b"));
  REQUIRE(read);
  CHECK(read->task == some_id);
  CHECK(read->run == 12);
  CHECK(read->name == "public/a/0/b");
  for (const auto text : {"", "/", "x/0/a", "//"})
    CHECK_FALSE(read_artifact_key(text));
  CHECK_FALSE(read_artifact_key(some_id.str() + "/x/a"));
  CHECK_FALSE(read_artifact_key(some_id.str() + "/0/"));
  CHECK_FALSE(read_artifact_key(some_id.str() + "/0"));
  CHECK_FALSE(read_artifact_key(some_id.str() + "/-1/a"));
}
