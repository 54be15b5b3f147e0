// Commands that meet within one turn of a lane.

#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/store/shard.hpp"
#include "tests/unit/actors/company/company_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

using names = std::vector<std::string>;

template <class Command>
void post_to_shard(lane& on, switchboard& board, Command command) {
  const auto shard = shard_of(command.task.view());
  on.executor().post(board.directory().task_shards[shard], std::move(command));
}

}  // namespace

TEST_CASE("EV-2 a repeated createTask does not announce a run that was claimed meanwhile") {
  test::redis_server redis;
  company_bench company{redis};
  const auto id = id_number(1);
  const auto definition = define({});
  REQUIRE(company.ask(create_task{id, definition, {}}).status == 200);
  // The claim reaches the task while its group is asked for the repeat.
  company.on_lane([&](lane& on, switchboard& board) {
    post_to_shard(on, board, create_task{id, definition, {}});
    on.executor().post(board.directory().queues[0],
                       claim_work{task_queue_id{{"proj/ci"}}, {"g", "w"}, 1, {}});
  });
  CHECK(company.status(id).text.find("\"state\":\"running\"") != std::string::npos);
  CHECK(events_of(redis, id.view()) ==
        names{"task-defined", "task-pending", "task-running", "task-defined"});
}

TEST_CASE("DP-6 an actor whose task was not created goes away, whoever asks for it meanwhile") {
  test::redis_server redis;
  company_bench company{redis};
  // Group and queue of an ordinary task are there to stay.
  REQUIRE(company.create(id_number(9)).status == 200);
  const auto before = company.actors();
  for (unsigned i = 0; i < 50; ++i) {
    const auto id = id_number(100 + i);
    auto refused = company.send(create_task{id, define({.dependencies = {id_number(1)}}), {}});
    std::vector<std::future<seen_answer>> others;
    for (int n = 0; n < 5; ++n)
      others.push_back(company.send(get_status{id, {}}));
    company.on_lane([&](lane& on, switchboard& board) {
      post_to_shard(on, board, create_task{id, define({.dependencies = {id_number(1)}}), {}});
      for (int n = 0; n < 5; ++n)
        post_to_shard(on, board, get_status{id, {}});
    });
    CHECK(company_bench::wait(std::move(refused)).status == 400);
    for (auto& other : others)
      CHECK(company_bench::wait(std::move(other)).status == 404);
  }
  company.on_lane([](lane&, switchboard&) {});
  CHECK(company.actors() == before);
  CHECK(company.create(id_number(100)).status == 200);
}

TEST_CASE("who asks for an artifact while Redis is slow is answered, however quiet the task is") {
  test::redis_server redis;
  company_bench company{redis, 1, 100ms};
  const auto id = id_number(1);
  REQUIRE(company.create(id).status == 200);
  REQUIRE(company.claim().status == 200);
  create_artifact made;
  made.task = id;
  made.name = "public/a";
  made.storage = artifact_storage::reference;
  made.content_type = "text/plain";
  made.expires = system_clock{}.now() + 1h;
  made.details = "https://example.com/a";
  REQUIRE(company.ask(std::move(made)).status == 200);
  REQUIRE(company.report(id, run_report::completed).status == 200);
  const auto with_task = company.actors();
  for (int i = 0; i < 3000 && company.actors() >= with_task; ++i)
    std::this_thread::sleep_for(5ms);
  REQUIRE(company.actors() < with_task);  // it left memory
  REQUIRE(company.status(id).status == 200);
  redis.pause();
  get_artifact wanted;
  wanted.task = id;
  wanted.name = "public/a";
  wanted.by = std::make_shared<const caller>();
  auto answer = company.send(std::move(wanted));
  std::this_thread::sleep_for(500ms);
  redis.resume();
  const auto found = company_bench::wait(std::move(answer));
  CHECK(found.status == 303);
  CHECK(found.text.find("https://example.com/a") != std::string::npos);
  // And then it leaves again.
  for (int i = 0; i < 3000 && company.actors() >= with_task; ++i)
    std::this_thread::sleep_for(5ms);
  CHECK(company.actors() < with_task);
}

TEST_CASE("CT-14 TG-7 a seal waits for tasks that were let in, so that nobody misses a member") {
  for (const std::uint16_t lanes : {1, 4}) {
    test::redis_server redis;
    const auto group = *task_group_id::parse("fN1SbArXTPSVFNUvaOlinQ");
    const auto anybody = std::make_shared<const caller>();
    // A task that is not in memory: who depends on it waits for Redis.
    const auto required = id_number(1);
    {
      company_bench before{redis, lanes};
      REQUIRE(before.create(required, {.group = "AAAAAAAAQACAAAAAAAAAAA"}).status == 200);
      REQUIRE(before.cancel(required).status == 200);
      REQUIRE(redis_comes_to(redis, "SCARD " + key_of(required.view(), "live"), "0"));
    }
    company_bench company{redis, lanes};
    REQUIRE(company.create(id_number(2)).status == 200);
    redis.pause();
    auto created =
        company.send(create_task{id_number(3), define({.dependencies = {required}}), {}});
    company.on_lane([](lane&, switchboard&) {});
    auto sealed = company.send(seal_group{group, anybody, {}});
    auto canceled = company.send(cancel_group{group, anybody, {}});
    auto late = company.send(create_task{id_number(4), define({}), {}});
    std::this_thread::sleep_for(200ms);
    redis.resume();
    const auto outcome = company_bench::wait(std::move(created));
    CHECK(company_bench::wait(std::move(sealed)).status == 200);
    CHECK(company_bench::wait(std::move(late)).status == 409);
    const auto answer = company_bench::wait(std::move(canceled)).text;
    const bool is_member = outcome.status == 200;
    // With several lanes the seal may come first.
    CHECK((is_member || (outcome.status == 409 && lanes > 1)));
    CHECK(answer.find(is_member ? "\"taskGroupSize\":2" : "\"taskGroupSize\":1") !=
          std::string::npos);
    CHECK((answer.find(id_number(3).str()) != std::string::npos) == is_member);
  }
}
