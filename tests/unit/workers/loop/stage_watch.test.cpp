#include "workers/loop/stage_watch.hpp"

#include <catch2/catch_all.hpp>

#include <future>

using namespace std::chrono_literals;
using troupe::stage_watch;

namespace {

constexpr auto never = 1h;

/// What is told, once.
struct told {
  std::promise<std::string> promise;
  std::future<std::string> future = promise.get_future();
  stage_watch::teller teller() {
    return [this](const std::string& stage) { promise.set_value(stage); };
  }
};

void fail(const std::string& stage) { FAIL(stage); }

}  // namespace

TEST_CASE("workers 5.2: a stage that takes too long is told, and then that it is not left",
          "[stage_watch]") {
  told late;
  told hopeless;
  stage_watch watch{1ms, 1ms, late.teller(), hopeless.teller()};
  CHECK_FALSE(watch.late());
  watch.enter("uploads");
  CHECK(late.future.get() == "uploads");
  CHECK(watch.late() == "uploads");
  CHECK(hopeless.future.get() == "uploads");
}

TEST_CASE("workers 5.2: a stage that is left late is not hopeless, and the first one counts",
          "[stage_watch]") {
  told late;
  {
    stage_watch watch{1ms, never, late.teller(), fail};
    watch.enter("mounts");
    CHECK(late.future.get() == "mounts");
    watch.enter("uploads");
    CHECK(watch.late() == "mounts");
  }
}

TEST_CASE("workers 5.2: what is in time, or has no stage, is not told", "[stage_watch]") {
  {
    stage_watch watch{never, never, fail, fail};
    watch.enter("mounts");
    watch.enter("uploads");
  }
  stage_watch watch{1ms, 1ms, fail, fail};
  watch.leave();
  std::promise<void> nothing;
  CHECK(nothing.get_future().wait_for(20ms) == std::future_status::timeout);
  CHECK_FALSE(watch.late());
}
