#include "runtime/store/lane_store.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/store/preflight.hpp"
#include "tests/support/redis_server.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct quiet_config : caf::actor_system_config {
  quiet_config() {
    set("caf.scheduler.policy", "sharing");
    set("caf.scheduler.max-threads", 1);
  }
};

void prepare_caf() {
  static const bool ready = [] {
    caf::core::init_global_meta_objects();
    return true;
  }();
  (void)ready;
}

// One lane with its store on a thread of its own.
struct rig {
  explicit rig(const test::redis_server& redis)

      : system((prepare_caf(), config)), stage(0, 1, system, time), store(stage, options(redis)) {
    stage.attach_peers({&stage});
    stage.attach_store(store);
    store.on_fatal([this](std::string why) { fatal.set_value(why); });
    runner = std::thread{[this] { stage.run(); }};
    std::promise<std::string> started;
    stage.post([&] { store.start([&](std::string error) { started.set_value(error); }); });
    start_error = started.get_future().get();
  }

  ~rig() {
    if (runner.joinable()) {
      stage.stop();
      runner.join();
    }
  }

  static store_options options(const test::redis_server& redis) {
    store_options result;
    result.redis = *redis_endpoint::parse(redis.address());
    result.outage_bound = 300ms;
    return result;
  }

  // Commits a key and an event; `safe` counts when it is safe.
  void write(int number) {
    stage.post([this, number] {
      auto& commands = store.begin_commit();
      commands.command("SET", "key:" + std::to_string(number), number);
      store.append_event(3, event_draft{"exchange/e", "key", {}, std::to_string(number)});
      store.when_safe(store.end_commit(), [this] { ++safe; });
    });
  }

  void wait_safe(int count) {
    for (int i = 0; i < 3000 && safe < count; ++i)
      std::this_thread::sleep_for(5ms);
    REQUIRE(safe == count);
  }

  quiet_config config;
  caf::actor_system system;
  system_clock time;
  lane stage;
  lane_store store;
  std::thread runner;
  std::string start_error;
  std::atomic<int> safe{0};
  std::promise<std::string> fatal;
};

}  // namespace

TEST_CASE("commits are gathered into few batches and all of them are written") {
  test::redis_server redis;
  rig r{redis};
  REQUIRE(r.start_error.empty());
  for (int i = 0; i < 1000; ++i)
    r.write(i);
  r.wait_safe(1000);
  CHECK(redis.ask("GET key:999") == "999");
  CHECK(redis.ask("XLEN troupe:{03}:events") == "1000");
  CHECK(r.store.counted().batches < 500);
}

TEST_CASE("after Redis was killed and came back every commit is there once, in order") {
  test::redis_server redis{"always"};
  rig r{redis};
  for (int i = 0; i < 500; ++i)
    r.write(i);
  redis.kill();
  for (int i = 500; i < 1000; ++i)
    r.write(i);
  redis.start();
  r.wait_safe(1000);
  CHECK(redis.ask("XLEN troupe:{03}:events") == "1000");
  CHECK(redis.ask("GET key:0") == "0");
  CHECK(redis.ask("GET key:999") == "999");
}

TEST_CASE("a Redis that is away longer than the bound is said to be overdue") {
  test::redis_server redis;
  rig r{redis};
  redis.kill();
  std::this_thread::sleep_for(500ms);
  std::promise<bool> overdue;
  r.stage.post([&] { overdue.set_value(r.store.overdue()); });
  CHECK(overdue.get_future().get());
  redis.start();
  r.write(1);
  r.wait_safe(1);
  std::promise<bool> later;
  r.stage.post([&] { later.set_value(r.store.overdue()); });
  CHECK_FALSE(later.get_future().get());
}

TEST_CASE("who loses his shards to another server may not write any more") {
  test::redis_server redis;
  rig first{redis};
  first.write(1);
  first.wait_safe(1);
  rig second{redis};
  REQUIRE(second.start_error.empty());
  first.write(2);
  auto why = first.fatal.get_future();
  REQUIRE(why.wait_for(10s) == std::future_status::ready);
  CHECK(why.get().find("another server") != std::string::npos);
  CHECK(redis.ask("GET key:2").empty());
  second.write(3);
  second.wait_safe(1);
}

TEST_CASE("a Redis that refuses to write gets the same commits again until it takes them") {
  test::redis_server redis;
  rig r{redis};
  r.write(1);
  r.wait_safe(1);
  redis.ask("CONFIG SET maxmemory 1");
  for (int i = 2; i < 20; ++i)
    r.write(i);
  std::this_thread::sleep_for(600ms);
  CHECK(r.safe == 1);
  redis.ask("CONFIG SET maxmemory 0");
  r.wait_safe(19);
  CHECK(redis.ask("XLEN troupe:{03}:events") == "19");
}

TEST_CASE("the look before the start names what is wrong with Redis") {
  test::redis_server redis;
  const auto where = *redis_endpoint::parse(redis.address());
  const auto fine = check_redis(where, 1s);
  REQUIRE(fine.has_value());
  CHECK(fine->warnings.empty());
  redis.ask("CONFIG SET maxmemory-policy allkeys-lru");
  const auto evicts = check_redis(where, 0ms);
  REQUIRE_FALSE(evicts.has_value());
  CHECK(evicts.error().message.find("noeviction") != std::string::npos);
  redis.ask("CONFIG SET maxmemory-policy noeviction");
  redis.ask("SET troupe:layout 99");
  const auto newer = check_redis(where, 0ms);
  REQUIRE_FALSE(newer.has_value());
  CHECK(newer.error().message.find("layout 99") != std::string::npos);
  redis.kill();
  const auto away = check_redis(where, 0ms);
  REQUIRE_FALSE(away.has_value());
  CHECK(away.error().message.find("start it") != std::string::npos);
}

TEST_CASE("addresses of Redis are read in every usual form") {
  CHECK(redis_endpoint::parse("unix:/a/b.sock")->unix_path == "/a/b.sock");
  CHECK(redis_endpoint::parse("/a/b.sock")->unix_path == "/a/b.sock");
  const auto full = redis_endpoint::parse("redis://u:p@example.com:6380/3");
  REQUIRE(full.has_value());
  CHECK(full->host == "example.com");
  CHECK(full->port == 6380);
  CHECK(full->username == "u");
  CHECK(full->password == "p");
  CHECK(full->database == 3);
  CHECK(full->describe() == "example.com:6380");
  CHECK_FALSE(redis_endpoint::parse("redis://host:port").has_value());
  CHECK_FALSE(redis_endpoint::parse("").has_value());
}

TEST_CASE("a service has a stream of its own, which is numbered and cut like that of a shard") {
  test::redis_server redis;
  rig r{redis};
  r.store.resume_events(auth_stream, 1000, 41, 41);
  std::promise<std::string> newest;
  r.stage.post([&] {
    r.store.begin_commit();
    r.store.append_event(auth_stream, event_draft{"exchange/e", "key", {}, "{}"});
    r.store.append_event(published_stream, event_draft{"exchange/e", "key", {}, "{}"});
    r.store.when_safe(r.store.end_commit(), [&] {
      const auto id = r.store.newest_event(auth_stream);
      newest.set_value(id.text().substr(id.text().find('-')));
    });
  });
  CHECK(newest.get_future().get() == "-auth.42");
  CHECK(redis.ask("XLEN troupe:{auth}:events") == "1");
  CHECK(redis.ask("XLEN troupe:{published}:events") == "1");
}

TEST_CASE("a commit that is abandoned half-way leaves nothing behind, and the next one is whole") {
  test::redis_server redis;
  rig r{redis};
  r.write(1);
  r.stage.post([&] {
    auto& commands = r.store.begin_commit();
    commands.command("SET", "half", "done");
    r.store.append_event(3, event_draft{"exchange/e", "key", {}, "never"});
    r.store.append_event(4, event_draft{"exchange/e", "key", {}, "never"});
    commands.command("SET", "half", "done");
    r.store.abandon_commit();
    r.store.abandon_commit();
  });
  r.write(2);
  r.wait_safe(2);
  CHECK(redis.ask("EXISTS half") == "0");
  CHECK(redis.ask("XLEN troupe:{03}:events") == "2");
  CHECK(redis.ask("EXISTS troupe:{04}:events") == "0");
  std::promise<std::uint64_t> newest;
  r.stage.post([&] { newest.set_value(r.store.newest_event(3).n); });
  CHECK(newest.get_future().get() == 2);  // without a gap
}
