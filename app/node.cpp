#include "app/node.hpp"

#include "actors/company/company.hpp"
#include "actors/task/task_scopes.hpp"
#include "app/artifact_stores.hpp"
#include "app/dev_desk.hpp"
#include "app/doors.hpp"
#include "app/free_ports.hpp"
#include "app/local_workers.hpp"
#include "app/own_clients.hpp"
#include "app/version.hpp"
#include "gateways/dev/dev_doors.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/interfaces.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/config/server_key.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/log/log.hpp"
#include "runtime/secrets/secret_keys.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/store/preflight.hpp"
#include "runtime/supervision/lane_supervisor.hpp"
#include "runtime/tls/tls_isolation.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>

#include <future>
#include <thread>

namespace troupe {

namespace {

using namespace std::chrono_literals;

// Few threads, none of which polls: lanes do the work.
struct system_config : caf::actor_system_config {
  explicit system_config(const tls_files& tls) {
    set("caf.scheduler.policy", "sharing");
    set("caf.scheduler.max-threads", 1);
    set("caf.scheduler.max-throughput", 64);
    load<caf::io::middleman>();
    load<caf::openssl::manager>();
    act::set_tls(*this, tls.certificate, tls.key, tls.authority);
    act::set_link(*this, remote_application, idle_heartbeat, idle_silence);
  }
};

void prepare_caf() {
  static const bool done = [] {
    caf::core::init_global_meta_objects();
    caf::io::middleman::init_global_meta_objects();
    caf::openssl::manager::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
    caf::init_global_meta_objects<caf::id_block::troupe_remote>();
    isolate_tls_errors();
    return true;
  }();
  (void)done;
}

pool_settings local_pool(const settings& config) {
  pool_settings pool;
  pool.id.text = local_queue;
  pool.provider = "local";
  pool.worker_group = local_group;
  pool.min_workers = config.local_workers_min;
  pool.max_workers = config.local_workers_max;
  pool.capacity_per_worker = config.local_worker_capacity;
  pool.idle_time = std::chrono::seconds{config.local_worker_idle_s};
  return pool;
}

api_error trouble(std::string text) {
  return make_api_error(error_code::service_unavailable, std::move(text));
}

}  // namespace

unsigned lane_count(const settings& config) {
  if (config.lanes != 0)
    return config.lanes;
  const auto cores = std::thread::hardware_concurrency();
  return cores > 1 ? cores - 1 : 1;
}

struct node::impl {
  impl(settings given, std::string directory)
      : config(std::move(given)), data_dir(std::move(directory)) {}

  outcome<void> prepare();
  void make_lanes();
  outcome<void> start_stores();
  outcome<void> recover();
  void make_rest();
  outcome<void> open_auth();
  void open_auth_again(std::function<void(outcome<void>)> done);
  void make_dev_desk();
  outcome<node_doors> open_doors();
  void make_company_parts();
  void make_pools();
  void run_lane(lane& on);

  // Runs a step on every lane at the same time and waits for all; the first error text, or empty.
  std::string on_all_lanes(
      const std::function<void(std::size_t, std::function<void(std::string)>)>& step);

  settings config;
  std::string data_dir;
  std::string server_key;
  std::unique_ptr<const own_clients> own;
  std::unique_ptr<const secret_ring> secrets;
  system_clock time;
  std::unique_ptr<system_config> caf_config;
  std::unique_ptr<caf::actor_system> system;
  std::vector<std::unique_ptr<lane>> lanes;
  std::vector<std::unique_ptr<lane_store>> stores;
  std::vector<std::unique_ptr<lane_supervisor>> supervisors;
  std::unique_ptr<switchboard> board;
  company_parts parts;
  std::vector<std::unique_ptr<lane_company>> companies;
  std::vector<std::thread> threads;
  std::unique_ptr<artifact_stores> artifacts;
  std::unique_ptr<rest_gateway> rest;
  std::unique_ptr<other_doors> others;
  std::unique_ptr<local_workers> local;  // null: no worker is started here
  std::unique_ptr<dev_desk> dev;         // null unless in dev mode
  std::promise<outcome<void>> first_snapshot;
  bool has_snapshot = false;                       // of lane 0
  std::function<void(outcome<void>)> on_snapshot;  // of lane 0: somebody waits for the next one
  std::function<void(std::string)> fatal;
  std::atomic<std::size_t> recovered{0};
  bool running = false;
};

node::node(settings config, std::string data_dir)
    : impl_(std::make_unique<impl>(std::move(config), std::move(data_dir))) {}

node::~node() { stop(); }

void node::on_fatal(std::function<void(std::string)> handler) { impl_->fatal = std::move(handler); }

std::size_t node::recovered_tasks() const { return impl_->recovered; }

outcome<node_doors> node::start() {
  TROUPE_CHECK(impl_->prepare());
  impl_->make_lanes();
  impl_->running = true;
  TROUPE_CHECK(impl_->start_stores());
  TROUPE_CHECK(impl_->recover());
  return impl_->open_doors();
}

outcome<void> node::impl::prepare() {
  TROUPE_CHECK(check_ports(config));
  TROUPE_CHECK(check_local_workers(config, data_dir));
  TROUPE_TRY(auto endpoint, redis_endpoint::parse(config.redis));
  TROUPE_TRY(auto report, check_redis(endpoint, 5s));
  for (const auto& warning : report.warnings)
    log_message(severity::warning, warning);
  TROUPE_TRY(server_key, load_server_key(data_dir, thread_random()));
  own = std::make_unique<const own_clients>(server_key);
  TROUPE_TRY(auto keys, load_secret_keys(config, data_dir, thread_random()));
  secrets = std::make_unique<const secret_ring>(std::move(keys));
  artifacts = std::make_unique<artifact_stores>(config, time, data_dir,
                                                derive_key(server_key, "blob-urls"));
  TROUPE_CHECK(artifacts->open());
  TROUPE_CHECK(ensure_authority(data_dir + "/tls"));
  return check_tls_files(server_tls(data_dir + "/tls"));
}

void node::impl::make_lanes() {
  prepare_caf();
  caf_config = std::make_unique<system_config>(server_tls(data_dir + "/tls"));
  system = std::make_unique<caf::actor_system>(*caf_config);
  const auto count = static_cast<std::uint16_t>(lane_count(config));
  std::vector<lane*> all;
  for (std::uint16_t i = 0; i < count; ++i) {
    lanes.push_back(std::make_unique<lane>(i, count, *system, time));
    all.push_back(lanes.back().get());
  }
  artifacts->attach(all);
  board = std::make_unique<switchboard>(all);
  auto& directory = board->directory();
  directory.queues.resize(count);
  directory.groups.resize(count);
  directory.graphs.resize(count);
  directory.logs.resize(count);
  directory.workers.resize(count);
  directory.registers.resize(count);
  directory.pools.resize(count);
  make_company_parts();
  make_pools();
  store_options options;
  options.redis = *redis_endpoint::parse(config.redis);
  options.event_retention_bytes = std::uint64_t{config.event_retention_mib} << 20;
  options.event_retention_time = std::chrono::hours{config.event_retention_h};
  for (auto& on : lanes) {
    on->attach_peers(all);
    stores.push_back(std::make_unique<lane_store>(*on, options));
    on->attach_store(*stores.back());
    const auto give_up = [this](std::string why) {
      if (fatal)
        fatal(std::move(why));
    };
    stores.back()->on_fatal(give_up);
    supervisors.push_back(std::make_unique<lane_supervisor>(*on));
    supervisors.back()->on_give_up(give_up);
    on->attach_supervisor(*supervisors.back());
    stores.back()->on_trouble([](std::string what) { log_message(severity::warning, what); });
    on->on_undelivered([this, lane = on.get()](const handed_out_run& run) {
      board->tell(*lane, return_run{run.task, run.run});
    });
    companies.push_back(std::make_unique<lane_company>(*system, *on, *board, parts));
    companies.back()->spawn();
  }
  others = std::make_unique<other_doors>(other_doors::parts{all, board.get(), &config, data_dir,
                                                            system.get(), &artifacts->uploader(),
                                                            artifacts->counted_copies()});
  for (auto& store : stores)
    others->listen_to(*store);
  for (auto& on : lanes)
    threads.emplace_back([this, lane = on.get()] { run_lane(*lane); });
}

// Actors look after what their handlers throw. What else is thrown nobody can put right: the server
// ends in order, which the lane is still needed for, and a restart reads the truth.
void node::impl::run_lane(lane& on) {
  for (bool again = true; again;) {
    again = false;
    try {
      on.run();
    } catch (const std::exception& unforeseen) {
      again = true;
      if (fatal)
        fatal("lane " + std::to_string(on.index()) + " failed: " + unforeseen.what() +
              "; restart the server, which reads the truth from Redis");
    }
  }
}

void node::impl::make_company_parts() {
  parts.task.claim_timeout = std::chrono::seconds{config.claim_timeout_s};
  parts.task.deadline_grace = std::chrono::seconds{config.deadline_grace_s};
  parts.claim_wait = std::chrono::seconds{config.claim_wait_s};
  parts.expiration_delay = std::chrono::seconds{config.expiration_delay_s};
  own->equip(parts);
  parts.authorise_on_task = &authorise_on_task;
  parts.authorise_priority = &authorise_priority;
  parts.authorise_claim = &authorise_claim;
  parts.authorise_on_group = &authorise_on_group;
  parts.authorise_artifacts = &authorise_artifacts;
  artifacts->equip(parts);
  parts.auth = auth_setup_of(config, server_key, *secrets, *own);
  parts.secrets = secrets.get();
  parts.give_up = [this](std::string why) {
    if (fatal)
      fatal(std::move(why));
  };
  // On lane 0, at the start and whenever clients or roles change.
  parts.publish_snapshot = [this](outcome<auth_snapshot_ptr> snapshot, std::function<void()> done) {
    if (snapshot)
      rest->set_snapshot(*snapshot, std::move(done));
    else if (has_snapshot)
      log_message(severity::error,
                  "clients and roles stay as they were: " + snapshot.error().message);
    if (!std::exchange(has_snapshot, true))
      first_snapshot.set_value(snapshot ? outcome<void>{boost::system::in_place_value}
                                        : outcome<void>{std::move(snapshot).error()});
    else if (const auto told = std::exchange(on_snapshot, nullptr))
      told(snapshot ? outcome<void>{boost::system::in_place_value}
                    : outcome<void>{std::move(snapshot).error()});
  };
}

void node::impl::make_pools() {
  if (config.local_workers_max == 0)
    return;
  local = std::make_unique<local_workers>(own->local_workers, data_dir, config.worker_sandbox);
  parts.pools.push_back(local_pool(config));
  parts.launchers["local"] = local.get();
}

std::string node::impl::on_all_lanes(
    const std::function<void(std::size_t, std::function<void(std::string)>)>& step) {
  std::vector<std::promise<std::string>> promises(lanes.size());
  for (std::size_t i = 0; i < lanes.size(); ++i)
    lanes[i]->post([&step, &promises, i] {
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

outcome<void> node::impl::start_stores() {
  const auto error = on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    stores[i]->start(std::move(done));
  });
  if (!error.empty())
    return trouble(error);
  return boost::system::in_place_value;
}

outcome<void> node::impl::recover() {
  const auto error = on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    companies[i]->recover_ids(std::move(done));
  });
  if (!error.empty())
    return trouble(error);
  on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    companies[i]->recover_tasks([this, done](std::size_t tasks) {
      recovered += tasks;
      done("");
    });
  });
  on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    companies[i]->open();
    done("");
  });
  return boost::system::in_place_value;
}

void node::impl::make_rest() {
  rest_gateway_parts gateway;
  for (auto& on : lanes)
    gateway.lanes.push_back(on.get());
  gateway.board = board.get();
  gateway.config = &config;
  artifacts->equip(gateway);
  gateway.token_key = derive_key(server_key, "page-tokens");
  gateway.index_client = own->index;
  gateway.build = program_build();
  gateway.healthy = [this] {
    return std::none_of(stores.begin(), stores.end(),
                        [](const auto& store) { return store->overdue(); });
  };
  rest = std::make_unique<rest_gateway>(std::move(gateway));
  others->add_routes(*rest);
  if (config.dev_mode)
    make_dev_desk();
}

void node::impl::make_dev_desk() {
  dev_desk::parts with;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    with.lanes.push_back(lanes[i].get());
    with.companies.push_back(companies[i].get());
  }
  with.board = board.get();
  with.others = others.get();
  with.artifacts = artifacts.get();
  with.log_directory = data_dir + "/logs";
  with.open_auth = [this](auto done) { open_auth_again(std::move(done)); };
  with.give_up = [this](std::string why) {
    if (fatal)
      fatal(std::move(why));
  };
  dev = std::make_unique<dev_desk>(std::move(with));
  dev_controls controls;
  controls.reset = [this](auto done) { dev->reset(std::move(done)); };
  controls.set_claim_timeout = [this](std::chrono::seconds timeout, auto done) {
    dev->set_claim_timeout(timeout, std::move(done));
  };
  add_dev_routes(*rest, *board, std::move(controls), config);
}

// The lanes have their part of the snapshot before they hear of anything else.
void node::impl::open_auth_again(std::function<void(outcome<void>)> done) {
  lanes.front()->post([this, done = std::move(done)] {
    on_snapshot = done;
    companies.front()->open_auth();
  });
}

// Nobody is let in before it is known who may do what.
outcome<void> node::impl::open_auth() {
  lanes.front()->post([this] { companies.front()->open_auth(); });
  return first_snapshot.get_future().get();
}

outcome<node_doors> node::impl::open_doors() {
  make_rest();
  TROUPE_CHECK(open_auth());
  node_doors doors;
  // Sessions tell the root URL to clients, so it is settled before the first of them is served.
  const auto settle_root_url = [this](std::uint16_t port) {
    if (config.root_url.empty())
      config.root_url = "http://" + config.listen + ":" + std::to_string(port);
    artifacts->signer().set_root_url(config.root_url);
  };
  TROUPE_TRY(doors.http_port, rest->start(config.listen, config.http_port, settle_root_url));
  doors.root_url = config.root_url;
  TROUPE_CHECK(others->open(*rest, doors));
  if (local)
    local->open(doors.root_url, doors.caf_address);
  for (std::size_t i = 0; i < lanes.size(); ++i)
    lanes[i]->post([this, i] { companies[i]->open_pools(); });
  return doors;
}

void node::stop() {
  if (!impl_->running)
    return;
  impl_->running = false;
  impl_->dev.reset();
  // Workers give back what they run, which needs the doors.
  if (impl_->local)
    impl_->local->stop_all();
  if (impl_->rest) {
    impl_->rest->stop_accepting();
    // Waiting claims hear at once that there is nothing; their workers come back to the next
    // server.
    impl_->others->drain();
    std::promise<void> drained;
    impl_->rest->drain(5s, [&drained] { drained.set_value(); });
    drained.get_future().wait_for(8s);
  }
  if (impl_->others)
    impl_->others->close();
  impl_->on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    impl_->companies[i]->write_workers();
    done("");
  });
  impl_->on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    impl_->stores[i]->flush_and_stop([done] { done(""); });
  });
  impl_->on_all_lanes([this](std::size_t i, std::function<void(std::string)> done) {
    impl_->companies[i]->dismiss();
    done("");
  });
  for (auto& on : impl_->lanes)
    on->stop();
  for (auto& thread : impl_->threads)
    thread.join();
  impl_->rest.reset();
}

}  // namespace troupe
