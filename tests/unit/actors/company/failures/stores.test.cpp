// The services with records of their own: what they know after a failure, and after a crash.

#include "runtime/clock/random.hpp"
#include "runtime/object_stores/object_stores.hpp"
#include "runtime/secrets/secret_ring.hpp"
#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <boost/json.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <thread>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

std::string found_task(supervised_company& bench, const std::string& path) {
  for (int i = 0; i < 1000; ++i) {
    const auto result = bench.ask(find_indexed{path, {}});
    if (result.status == 200)
      return std::string{boost::json::parse(result.body).at("taskId").as_string()};
    std::this_thread::sleep_for(5ms);
  }
  return "none";
}

insert_indexed some_entry(const std::string& path) {
  return {path, {numbered(1), 0, system_clock{}.now() + 1h, "{}"}, {}};
}

/// An id of the first lane, where the services live.
std::string first_lane(const supervised_company& bench) {
  std::string id{"a"};
  while (bench.lane_of(id) != 0)
    id += 'a';
  return id;
}

/// Asks a service whose clock fails.
template <class Command>
void fail(supervised_company& bench, Command command) {
  CHECK(bench.ask_failing(first_lane(bench), std::move(command)).status == 500);
}

void complete(supervised_company& bench, const task_id& id, const std::string& path) {
  wanted_task of;
  of.routes = {"index." + path};
  REQUIRE(bench.create(id, of) == 200);
  REQUIRE(bench.claim(1) == std::vector<task_id>{id});
  REQUIRE(bench.report(id) == 200);
}

const secret_ring& some_ring() {
  static const auto ring = *secret_ring::parse(secret_ring::make_key(thread_random()));
  return ring;
}

/// A backend that has everything.
class some_backend final : public object_backend {
 public:
  outcome<void> accepts(std::string_view) const override { return boost::system::in_place_value; }
  std::string put_url(const stored_object&, const upload_proposal&, timestamp,
                      timestamp) const override {
    return "put";
  }
  std::string get_url(const stored_object& object, timestamp, timestamp) const override {
    return "get/" + object.name;
  }
  void put(lane& on, const stored_object&, std::string, std::string, done_handler done) override {
    take(on, std::move(done));
  }
  void finish(lane& on, const stored_object&, std::string, done_handler done) override {
    ++finishing;
    take(on, std::move(done));
  }
  void remove(lane& on, const stored_object&, done_handler done) override {
    take(on, std::move(done));
  }

  std::atomic<int> finishing{0};

 private:
  static void take(lane& on, done_handler done) {
    on.post([done = std::move(done)] { done(boost::system::in_place_value); });
  }
};

}  // namespace

TEST_CASE("an index that fails comes back with all it had, and misses no completed task") {
  const auto lanes = GENERATE(std::uint16_t{1}, std::uint16_t{4});
  test::redis_server redis;
  supervised_company bench{redis, lanes};
  CHECK(bench.ask(some_entry("by.request")).status == 200);
  unsigned number = 10;
  for (int round = 0; round < 3; ++round) {
    complete(bench, numbered(number), "round." + std::to_string(number));
    ++number;
    CHECK(found_task(bench, "by.request") == numbered(1).str());  // it is ready
    // What is told while there is no index that works is not lost either.
    fail(bench, find_indexed{"by.request", {}});
    complete(bench, numbered(number), "round." + std::to_string(number));
    ++number;
  }
  for (unsigned n = 10; n < number; ++n)
    CHECK(found_task(bench, "round." + std::to_string(n)) == numbered(n).str());
  CHECK(found_task(bench, "by.request") == numbered(1).str());
  CHECK(bench.failures() >= 3);
}

TEST_CASE("what the log has is indexed after a crash, and the place in it is written") {
  test::redis_server redis;
  {
    supervised_company bench{redis, 4};
    complete(bench, numbered(20), "crash.a");
    bench.crash();
  }
  supervised_company bench{redis, 1};
  CHECK(found_task(bench, "crash.a") == numbered(20).str());
  const auto shard = std::to_string(shard_of(numbered(20).view()));
  for (int i = 0; i < 1000 && redis.ask("HGET troupe:{index}:places " + shard).empty(); ++i)
    std::this_thread::sleep_for(5ms);
  CHECK_FALSE(redis.ask("HGET troupe:{index}:places " + shard).empty());
}

TEST_CASE("secrets and purge requests come back after a failure and a crash") {
  test::redis_server redis;
  const auto with_keys = [](company_parts& parts) { parts.secrets = &some_ring(); };
  const get_secret read{"name", {}};
  const auto expires = system_clock{}.now() + 1h;
  {
    supervised_company bench{redis, 1, with_keys};
    CHECK(bench.ask(set_secret{"name", R"({"a":1})", expires, "me", {}}).status == 200);
    CHECK(bench.ask(request_purge{"p/w", "cache", {}}).status == 204);
    fail(bench, read);
    fail(bench, find_purge_requests{"p/w", {}, {}});
    CHECK(bench.ask(read).body == R"({"secret":{"a":1},"expires":")" + to_iso(expires) + "\"}");
    CHECK(bench.failures() == 2);
    bench.crash();
  }
  supervised_company bench{redis, 4, with_keys};
  CHECK(bench.ask(read).status == 200);
  CHECK(boost::json::parse(bench.ask(find_purge_requests{"p/w", {}, {}}).body)
            .at("requests")
            .as_array()
            .size() == 1);
}

TEST_CASE("secrets that no key opens end the server, and say which key they need") {
  test::redis_server redis;
  {
    supervised_company bench{redis, 1, [](company_parts& parts) { parts.secrets = &some_ring(); }};
    CHECK(bench.ask(set_secret{"name", "{}", system_clock{}.now() + 1h, "me", {}}).status == 200);
  }
  const auto other = *secret_ring::parse(secret_ring::make_key(thread_random()));
  std::promise<std::string> said;
  supervised_company bench{redis, 1, [&](company_parts& parts) {
                             parts.secrets = &other;
                             parts.give_up = [&](std::string why) { said.set_value(why); };
                           }};
  auto why = said.get_future();
  REQUIRE(why.wait_for(20s) == std::future_status::ready);
  CHECK(why.get().find("sealed with a key (" + some_ring().newest() + ")") != std::string::npos);
}

TEST_CASE("section 2.1 objects come back after a failure and a crash, with the upload under way") {
  test::redis_server redis;
  const auto expires = system_clock{}.now() + 48h;
  const create_object wanted{"name", "p", "fN1SbArXTPSVFNUvaOlinQ", expires, R"({"x":"y"})",
                             {},     {}};
  const finish_object finish{"name", "p", wanted.upload_id, {}, {}};
  const find_object found{"name", object_reading::simple, {}, {}};
  const auto made = [] {
    std::map<std::string, std::unique_ptr<object_backend>, std::less<>> backends;
    backends["local"] = std::make_unique<some_backend>();
    return std::make_unique<object_stores>(object_settings{}, std::move(backends));
  };
  const auto stores = made();
  const auto with_stores = [&](company_parts& parts) { parts.objects = stores.get(); };
  auto& backend = dynamic_cast<some_backend&>(*stores->find("local"));
  {
    supervised_company bench{redis, 1, with_stores};
    CHECK(bench.ask(wanted).status == 200);
    fail(bench, found);
    CHECK(bench.ask(wanted).status == 200);
    CHECK(bench.ask(found).status == 404);
    bench.crash();
  }
  {
    supervised_company bench{redis, 4, with_stores};
    auto other = wanted;
    other.upload_id = "AAAAAAAAQACAAAAAAAAAAA";
    CHECK(bench.ask(other).status == 409);
    CHECK(bench.ask(finish).status == 200);
    CHECK(bench.ask(finish).status == 200);
    CHECK(backend.finishing == 1);
    fail(bench, found);
    CHECK(bench.ask(found).body == R"({"method":"simple","url":"get/name"})");
    CHECK(bench.failures() == 1);
  }
  supervised_company bench{redis, 1};  // without any backend
  CHECK(bench.ask(found).status == 400);
  CHECK(boost::json::parse(bench.ask(find_object{"name", object_reading::metadata, {}, {}}).body)
            .at("hashes") == boost::json::value{{"x", "y"}});
  auto another = wanted;
  another.name = "another";
  const auto refused = bench.ask(another);
  CHECK(refused.status == 400);
}
