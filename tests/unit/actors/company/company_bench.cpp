#include "tests/unit/actors/company/company_bench.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/store/event_entry.hpp"
#include "runtime/store/shard.hpp"

#include <hiredis/hiredis.h>
#include <boost/json.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

// So that a mistake fails instead of hanging.
constexpr std::chrono::seconds patience{30};

void init_caf() {
  static const bool once = [] {
    caf::core::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
    return true;
  }();
  (void)once;
}

}  // namespace

task_id id_number(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

task_definition_ptr define(const some_definition& of) {
  json::array dependencies;
  for (const auto& id : of.dependencies)
    dependencies.emplace_back(id.view());
  const auto slash = of.queue.find('/');
  const auto created = system_clock{}.now();
  const json::object definition{
      {"provisionerId", of.queue.substr(0, slash)},
      {"workerType", of.queue.substr(slash + 1)},
      {"taskQueueId", of.queue},
      {"schedulerId", of.scheduler},
      {"projectId", "none"},
      {"taskGroupId", of.group},
      {"dependencies", dependencies},
      {"requires", "all-completed"},
      {"routes", json::array{}},
      {"priority", "lowest"},
      {"retries", of.retries},
      {"created", to_iso(created)},
      {"deadline", to_iso(created + of.lasts)},
      {"expires", to_iso(created + 2h)},
      {"scopes", json::array{}},
      {"payload", json::object{}},
      {"metadata",
       {{"name", "n"}, {"description", "d"}, {"owner", "o"}, {"source", "https://example.com"}}},
      {"tags", json::object{}},
      {"extra", json::object{}},
  };
  return std::make_shared<const task_definition>(*read_definition(json::serialize(definition)));
}

// -- the node -------------------------------------------------------------------------------------

company_bench::company_bench(const test::redis_server& redis, std::uint16_t lanes,
                             std::chrono::milliseconds quiet_time,
                             std::chrono::milliseconds rest_time) {
  init_caf();
  config_.set("caf.scheduler.max-threads", 1);
  config_.set("caf.scheduler.policy", "sharing");
  system_ = std::make_unique<caf::actor_system>(config_);
  parts_.claim_wait = 500ms;
  parts_.quiet_time = quiet_time;
  parts_.rest_time = rest_time;
  parts_.task.deadline_grace = 50ms;
  parts_.credentials = [](auto&&...) { return std::string{"{}"}; };
  parts_.authorise_on_task = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts_.authorise_priority = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts_.authorise_claim = [](auto&&...) -> outcome<void> { return boost::system::in_place_value; };
  parts_.authorise_on_group = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts_.authorise_artifacts = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts_.put_url = [](auto&&...) { return std::string{"https://example.com/put"}; };
  parts_.get_url = [](auto&&...) { return std::string{"https://example.com/get"}; };
  parts_.remove_blobs = [](lane& on, std::vector<blob_place>,
                           std::function<void(outcome<void>)> done) {
    on.post([done = std::move(done)] { done(boost::system::in_place_value); });
  };
  std::vector<lane*> all;
  for (std::uint16_t i = 0; i < lanes; ++i) {
    lanes_.push_back(std::make_unique<lane>(i, lanes, *system_, time_));
    all.push_back(lanes_.back().get());
  }
  board_ = std::make_unique<switchboard>(all);
  board_->directory().queues.resize(lanes);
  board_->directory().groups.resize(lanes);
  board_->directory().graphs.resize(lanes);
  board_->directory().logs.resize(lanes);
  board_->directory().workers.resize(lanes);
  board_->directory().registers.resize(lanes);
  board_->directory().pools.resize(lanes);
  store_options options;
  options.redis = *redis_endpoint::parse(redis.address());
  for (auto& on : lanes_) {
    on->attach_peers(all);
    stores_.push_back(std::make_unique<lane_store>(*on, options));
    on->attach_store(*stores_.back());
    stores_.back()->on_fatal([](const std::string& why) { FAIL(why); });
    supervisors_.push_back(std::make_unique<lane_supervisor>(*on));
    on->attach_supervisor(*supervisors_.back());
    on->on_undelivered([this, lane = on.get()](const handed_out_run& run) {
      board_->tell(*lane, return_run{run.task, run.run});
    });
    companies_.push_back(std::make_unique<lane_company>(*system_, *on, *board_, parts_));
    companies_.back()->spawn();
  }
  for (auto& on : lanes_)
    threads_.emplace_back([lane = on.get()] { lane->run(); });
  recover();
}

company_bench::~company_bench() {
  on_all([this](std::size_t i, const std::function<void(std::string)>& done) {
    companies_[i]->dismiss();
    done("");
  });
  for (auto& on : lanes_)
    on->stop();
  for (auto& thread : threads_)
    thread.join();
}

std::string company_bench::on_all(
    const std::function<void(std::size_t, std::function<void(std::string)>)>& step) {
  std::vector<std::promise<std::string>> promises(lanes_.size());
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    lanes_[i]->post([&step, &promises, i] {
      step(i, [&promises, i](std::string error) { promises[i].set_value(std::move(error)); });
    });
  std::string first;
  for (auto& promise : promises) {
    auto error = promise.get_future().get();
    if (first.empty())
      first = std::move(error);
  }
  return first;
}

// As the node does it.
void company_bench::recover() {
  using done_handler = std::function<void(std::string)>;
  REQUIRE(on_all([this](std::size_t i, done_handler done) {
            stores_[i]->start(std::move(done));
          }).empty());
  recovery_error_ = on_all(
      [this](std::size_t i, done_handler done) { companies_[i]->recover_ids(std::move(done)); });
  if (!recovery_error_.empty())
    return;
  on_all([this](std::size_t i, const done_handler& done) {
    companies_[i]->recover_tasks([done](std::size_t) { done(""); });
  });
  on_all([this](std::size_t i, const done_handler& done) {
    companies_[i]->open();
    done("");
  });
}

void company_bench::on_lane(const std::function<void(lane&, switchboard&)>& job) {
  std::promise<void> done;
  lanes_[0]->post([&] {
    job(*lanes_[0], *board_);
    done.set_value();
  });
  REQUIRE(done.get_future().wait_for(patience) == std::future_status::ready);
}

// -- asking ---------------------------------------------------------------------------------------

void company_bench::waiting_sink::complete(answer&& result) {
  const auto keep = std::move(self);
  got.set_value({result.status, result.error ? result.error->message : std::move(result.body)});
}

seen_answer company_bench::wait(std::future<seen_answer> answer) {
  REQUIRE(answer.wait_for(patience) == std::future_status::ready);
  return answer.get();
}

seen_answer company_bench::create(const task_id& id, const some_definition& of) {
  return ask(create_task{id, define(of), {}});
}

seen_answer company_bench::claim(const std::string& queue, std::uint32_t count) {
  return ask(claim_work{task_queue_id{{queue}}, {"g", "w"}, count, {}});
}

seen_answer company_bench::report(const task_id& id, run_report what, run_id run) {
  return ask(report_run{id, run, what, {}});
}

seen_answer company_bench::cancel(const task_id& id) {
  return ask(cancel_task{id, std::make_shared<const caller>(), {}});
}

seen_answer company_bench::status(const task_id& id) { return ask(get_status{id, {}}); }

seen_answer company_bench::counts(const std::string& queue) {
  return ask(get_queue_counts{task_queue_id{{queue}}, {}});
}

// -- what Redis holds -----------------------------------------------------------------------------

bool redis_comes_to(const test::redis_server& redis, const std::string& command,
                    const std::string& expected) {
  for (int i = 0; i < 3000; ++i) {
    if (redis.ask(command) == expected)
      return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

std::vector<std::string> events_of(const test::redis_server& redis, std::string_view id) {
  std::vector<std::string> result;
  auto* context = redisConnectUnix(redis.socket_path().c_str());
  const auto key = key_of(id, "events");
  auto* reply = static_cast<redisReply*>(redisCommand(context, "XRANGE %s - +", key.c_str()));
  REQUIRE(reply != nullptr);
  for (std::size_t i = 0; i < reply->elements; ++i) {
    std::vector<std::string> cc;
    const auto what = read_event_entry(*reply->element[i], 0, cc);
    REQUIRE(what);
    const std::string exchange{what->exchange};
    const auto payload = json::parse(what->payload);
    const auto& object = payload.as_object();
    const auto about = object.contains("taskGroupId") ? object.at("taskGroupId")
                                                      : object.at("status").at("taskId");
    if (about.as_string() == id)
      result.push_back(exchange.substr(exchange.rfind('/') + 1));
  }
  freeReplyObject(reply);
  redisFree(context);
  return result;
}

std::string key_of(std::string_view id, std::string_view what) {
  return std::string{shard_key_prefix(shard_of(id))} + std::string{what};
}

}  // namespace troupe
