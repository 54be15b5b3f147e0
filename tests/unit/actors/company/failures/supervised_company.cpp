#include "tests/unit/actors/company/failures/supervised_company.hpp"

#include "runtime/clock/random.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/secrets/secret_ring.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace troupe {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

thread_local int readings_left = -1;

bool prepare_caf() {
  static const bool ready = [] {
    caf::core::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
    return true;
  }();
  return ready;
}

task_definition_ptr define(const task_id& id, const wanted_task& of) {
  const auto now = system_clock{}.now();
  const task_queue_id queue{{of.queue}};
  json::array dependencies;
  for (const auto& required : of.dependencies)
    dependencies.emplace_back(required.view());
  const json::array routes(of.routes.begin(), of.routes.end());
  const json::object definition{
      {"provisionerId", queue.provisioner()},
      {"workerType", queue.worker_type()},
      {"taskQueueId", of.queue},
      {"schedulerId", "-"},
      {"projectId", "none"},
      {"taskGroupId", of.group.empty() ? id.str() : of.group},
      {"dependencies", dependencies},
      {"requires", "all-completed"},
      {"routes", routes},
      {"priority", of.priority},
      {"retries", of.retries},
      {"created", to_iso(now)},
      {"deadline", to_iso(now + 1h)},
      {"expires", to_iso(now + 24h)},
      {"scopes", json::array{}},
      {"payload", json::object{}},
      {"metadata",
       {{"name", "n"},
        {"description", "d"},
        {"owner", "o@example.com"},
        {"source", "https://example.com"}}},
      {"tags", json::object{}},
      {"extra", json::object{}},
  };
  return std::make_shared<const task_definition>(*read_definition(json::serialize(definition)));
}

}  // namespace

std::int64_t fickle_clock::now_us() const {
  if (readings_left >= 0 && readings_left-- == 0)
    throw std::runtime_error("the clock stands still");
  return system_clock{}.now_us();
}

void fickle_clock::fail_after(int readings) { readings_left = readings; }

void explosive_sink::complete(answer&&) { throw std::runtime_error("nobody wanted to know"); }

void supervised_company::listener::on_event(const event& what) {
  const std::lock_guard lock{guard};
  exchanges.emplace_back(what.exchange);
}

task_id numbered(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

supervised_company::supervised_company(test::redis_server& redis, std::uint16_t lanes,
                                       const std::function<void(company_parts&)>& change) {
  prepare_caf();
  config_.set("caf.scheduler.policy", "sharing");
  config_.set("caf.scheduler.max-threads", 1);
  system_ = std::make_unique<caf::actor_system>(config_);
  fill(parts_);
  if (change)
    change(parts_);
  std::vector<lane*> all;
  for (std::uint16_t i = 0; i < lanes; ++i) {
    lanes_.push_back(std::make_unique<lane>(i, lanes, *system_, time_));
    all.push_back(lanes_.back().get());
  }
  board_ = std::make_unique<switchboard>(all);
  auto& directory = board_->directory();
  directory.queues.resize(lanes);
  directory.groups.resize(lanes);
  directory.graphs.resize(lanes);
  directory.logs.resize(lanes);
  directory.workers.resize(lanes);
  directory.registers.resize(lanes);
  directory.pools.resize(lanes);
  for (auto& on : lanes_)
    on->attach_peers(all);
  start(redis);
  REQUIRE(recover().empty());
}

supervised_company::~supervised_company() {
  if (threads_.empty())
    return;
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    on_lane(static_cast<std::uint16_t>(i), [&](lane&) { companies_[i]->write_workers(); });
  settle();
  crash();
}

void supervised_company::crash() {
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    on_lane(static_cast<std::uint16_t>(i), [&](lane&) { companies_[i]->dismiss(); });
  for (auto& on : lanes_)
    on->stop();
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

void supervised_company::fill(company_parts& parts) {
  // Those that follow each other in a test have the same.
  static const auto keys = std::make_shared<const secret_ring>(
      *secret_ring::parse(secret_ring::make_key(thread_random())));
  parts.auth.token_keys = keys;
  parts.claim_wait = 20s;
  parts.worker_write_interval = 20ms;
  parts.credentials = [](const task_id&, run_id, const worker_name&, timestamp, timestamp,
                         const std::vector<std::string>&) { return std::string{"{}"}; };
  parts.authorise_on_task = [](const caller&, std::string_view, const task_id&,
                               const task_definition&) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts.authorise_priority = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts.authorise_claim = [](auto&&...) -> outcome<void> { return boost::system::in_place_value; };
  parts.authorise_on_group = [](auto&&...) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts.authorise_artifacts = [](const caller&, const std::vector<std::string>&) -> outcome<void> {
    return boost::system::in_place_value;
  };
  parts.put_url = [](auto&&...) { return std::string{}; };
  parts.get_url = [](auto&&...) { return std::string{}; };
  parts.remove_blobs = [](lane& on, std::vector<blob_place>,
                          std::function<void(outcome<void>)> done) {
    on.post([done = std::move(done)] { done(boost::system::in_place_value); });
  };
  parts.publish_snapshot = [](outcome<auth_snapshot_ptr>, const std::function<void()>& done) {
    if (done)
      done();
  };
}

void supervised_company::start(const test::redis_server& redis) {
  store_options options;
  options.redis = *redis_endpoint::parse(redis.address());
  restart_limits limits;
  limits.first_pause = 1ms;
  limits.most = 5;
  for (auto& on : lanes_) {
    stores_.push_back(std::make_unique<lane_store>(*on, options));
    stores_.back()->on_fatal([](std::string) {});
    stores_.back()->add_listener(events_);
    on->attach_store(*stores_.back());
    supervisors_.push_back(std::make_unique<lane_supervisor>(*on, limits));
    supervisors_.back()->on_give_up([this](std::string text) { given_up_.set_value(text); });
    on->attach_supervisor(*supervisors_.back());
    companies_.push_back(std::make_unique<lane_company>(*system_, *on, *board_, parts_));
    companies_.back()->spawn();
  }
  for (auto& on : lanes_)
    threads_.emplace_back([lane = on.get()] { lane->run(); });
}

// As a node does it: each step on all lanes before the next.
std::string supervised_company::recover() {
  using step = std::function<void(std::size_t, std::function<void(std::string)>)>;
  const auto everywhere = [this](const step& what) {
    std::vector<std::promise<std::string>> done(lanes_.size());
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      lanes_[i]->post([&what, &done, i] {
        what(i, [&done, i](std::string error) { done[i].set_value(std::move(error)); });
      });
    std::string first;
    for (auto& promise : done)
      if (auto error = promise.get_future().get(); first.empty())
        first = error;
    return first;
  };
  auto error = everywhere([this](std::size_t i, auto done) { stores_[i]->start(done); });
  if (error.empty())
    error = everywhere([this](std::size_t i, auto done) { companies_[i]->recover_ids(done); });
  if (error.empty())
    error = everywhere([this](std::size_t i, auto done) {
      companies_[i]->recover_tasks([done](std::size_t) { done(""); });
    });
  if (error.empty())
    error = everywhere([this](std::size_t i, auto done) {
      companies_[i]->open();
      if (i == 0)
        companies_[i]->open_auth();
      companies_[i]->open_pools();
      done("");
    });
  return error;
}

void supervised_company::on_lane(std::uint16_t index, const std::function<void(lane&)>& job) {
  std::promise<void> done;
  auto& on = *lanes_[index];
  on.post([&] {
    job(on);
    on.drain();
    done.set_value();
  });
  done.get_future().get();
}

void supervised_company::settle() {
  // What crosses lanes waits for a commit and is posted then; a few rounds reach everything.
  for (int round = 0; round < 6; ++round)
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      std::promise<void> safe;
      lanes_[i]->post(
          [&, i] { stores_[i]->when_safe(stores_[i]->last(), [&safe] { safe.set_value(); }); });
      safe.get_future().get();
    }
}

answer supervised_company::wait(std::future<answer> future) {
  REQUIRE(future.wait_for(20s) == std::future_status::ready);
  return future.get();
}

std::uint16_t supervised_company::lane_of(std::string_view id) const {
  return lane_of_shard(shard_of(id), static_cast<std::uint16_t>(lanes_.size()));
}

// -- what clients and workers do ------------------------------------------------------------------

void supervised_company::sweep_graphs() {
  for (std::uint16_t i = 0; i < lanes_.size(); ++i)
    on_lane(i, [this, i](lane& on) {
      on.executor().post(board_->directory().graphs[i], troupe::sweep_graphs{i});
    });
  settle();
}

task_definition_ptr supervised_company::definition(const task_id& id, const wanted_task& of) {
  return define(id, of);
}

std::uint16_t supervised_company::create(const task_id& id, const wanted_task& of) {
  return ask(create_task{id, define(id, of), {}}).status;
}

std::uint16_t supervised_company::create_failing(const task_id& id, const wanted_task& of) {
  // A group with the id of the task lives on its lane: asking it takes no time.
  return ask_failing(id.view(), create_task{id, define(id, of), {}}).status;
}

std::string supervised_company::state_of(const task_id& id) {
  const auto result = ask(get_status{id, {}});
  if (result.status != 200)
    return std::to_string(result.status);
  return std::string{json::parse(result.body).at("status").at("state").as_string()};
}

std::string supervised_company::runs_of(const task_id& id) {
  const auto result = ask(get_status{id, {}});
  const auto body = json::parse(result.body);
  std::string text;
  for (const auto& run : body.at("status").at("runs").as_array()) {
    text += (text.empty() ? "" : " ") + std::string{run.at("state").as_string()};
    if (const auto* why = run.as_object().if_contains("reasonResolved"))
      text += "/" + std::string{why->as_string()};
  }
  return text;
}

std::vector<task_id> supervised_company::claim(std::uint32_t count, const std::string& queue,
                                               const worker_name& by) {
  const auto result = ask(claim_work{{{queue}}, by, count, {}});
  REQUIRE(result.status == 200);
  std::vector<task_id> ids;
  for (const auto& run : result.handed_out)
    ids.push_back(run.task);
  return ids;
}

std::string supervised_company::counts(const std::string& queue) {
  const auto result = ask(get_queue_counts{{{queue}}, {}});
  const auto body = json::parse(result.body);
  return std::to_string(body.at("pendingTasks").to_number<int>()) + "/" +
         std::to_string(body.at("claimedTasks").to_number<int>());
}

unsigned supervised_company::report(const task_id& id, run_id run) {
  return ask(report_run{id, run, run_report::completed, {}}).status;
}

std::uint64_t supervised_company::failures() {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    on_lane(static_cast<std::uint16_t>(i), [&](lane&) { all += supervisors_[i]->failures(); });
  return all;
}

std::size_t supervised_company::published(std::string_view exchange) {
  settle();
  const std::lock_guard lock{events_.guard};
  return static_cast<std::size_t>(
      std::count_if(events_.exchanges.begin(), events_.exchanges.end(),
                    [&](const std::string& known) { return known.ends_with(exchange); }));
}

std::string supervised_company::given_up() {
  auto future = given_up_.get_future();
  REQUIRE(future.wait_for(20s) == std::future_status::ready);
  return future.get();
}

}  // namespace troupe
