#include "app/doors.hpp"

#include "actors/log_keeper/log_keeper_actor.hpp"
#include "actors/log_stream/log_directory_actor.hpp"
#include "app/version.hpp"
#include "gateways/dev/dev_doors.hpp"
#include "gateways/events/event_gateway.hpp"
#include "gateways/explain/explain_door.hpp"
#include "gateways/metrics/metrics_gateway.hpp"
#include "gateways/mirrors/eager_copies.hpp"
#include "gateways/mirrors/mirror_door.hpp"
#include "gateways/remote/remote_gateway.hpp"
#include "gateways/rest/api_door.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/task_graph/graph_door.hpp"
#include "gateways/websocket/display_page_door.hpp"
#include "gateways/websocket/log_doors.hpp"
#include "gateways/websocket/shell_desk.hpp"
#include "gateways/websocket/shell_doors.hpp"
#include "gateways/websocket/shell_page_door.hpp"
#include "gateways/websocket/task_page_door.hpp"
#include "gateways/why/why_door.hpp"
#include "gateways/zeromq/zeromq_gateway.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard_handles.hpp"
#include "runtime/log/event_records.hpp"
#include "runtime/log/log.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/tls/server_certificate.hpp"

#include <deque>
#include <future>

namespace troupe {

namespace {

constexpr std::int64_t spool_lasts_s = 7 * 24 * 3600;

zeromq_options bus_options(const settings& config) {
  zeromq_options options;
  options.pub_port = config.zmq_pub_port;
  options.router_port = config.zmq_router_port;
  options.redis = *redis_endpoint::parse(config.redis);
  return options;
}

}  // namespace

struct other_doors::impl {
  explicit impl(parts given)
      : with(std::move(given)),
        bus(bus_options(*with.config)),
        remote({with.system, with.lanes, with.board, with.config, std::string{program_version()}}),
        feed(with.lanes, with.config->dev_mode),
        metrics({with.lanes, with.board, with.config, with.copies}, program_build()),
        sites(with.config->mirrors) {}

  log_directory_actor make_logs(lane& on);
  log_keeper_actor make_keeper(lane& on);
  void dismiss_keepers();
  outcome<void> open_https(rest_gateway& rest, node_doors& doors);

  parts with;
  zeromq_gateway bus;
  remote_gateway remote;
  event_gateway feed;
  metrics_gateway metrics;
  shell_desk shells;
  std::deque<event_records> records;  // one a lane
  std::deque<lost_run_ear> ears;      // one a lane
  mirror_sites sites;
  std::deque<eager_copies> eager;  // one a lane, if there are sites
};

log_directory_actor other_doors::impl::make_logs(lane& on) {
  log_directory_options options{with.data_dir + "/logs"};
  options.on_abandoned = [this, &on](const task_id& task, run_id run) {
    with.board->tell(on, keep_log{task, run});
  };
  options.successor = [this, &on] {
    auto& place = with.board->directory().logs[on.index()];
    const auto failed = std::exchange(place, make_logs(on));
    act::dismiss(on.executor(), failed);
  };
  return with.system->spawn<log_directory_shell, caf::lazy_init>(on, std::move(options));
}

log_keeper_actor other_doors::impl::make_keeper(lane& on) {
  log_keeper_options options{with.data_dir + "/logs", with.uploader, {}};
  options.successor = [this, &on] {
    auto& place = with.board->directory().log_keepers[on.index()];
    const auto failed = std::exchange(place, make_keeper(on));
    act::dismiss(on.executor(), failed);
    with.board->tell(on, review_logs{on.index()});
  };
  return with.system->spawn<log_keeper_shell, caf::lazy_init>(on, *with.board, std::move(options));
}

// They use what goes before the lanes do.
void other_doors::impl::dismiss_keepers() {
  for (auto* on : with.lanes) {
    std::promise<void> gone;
    on->post([this, on, &gone] {
      auto& place = with.board->directory().log_keepers[on->index()];
      if (const auto actor = std::exchange(place, nullptr))
        act::dismiss(on->executor(), actor);
      on->drain();
      gone.set_value();
    });
    gone.get_future().wait();
  }
}

other_doors::other_doors(parts given) : impl_(std::make_unique<impl>(std::move(given))) {
  const auto& with = impl_->with;
  remove_old_spools(with.data_dir + "/logs", spool_lasts_s);
  auto& directory = with.board->directory();
  directory.log_keepers.resize(with.lanes.size());
  for (auto* on : with.lanes) {
    directory.logs[on->index()] = impl_->make_logs(*on);
    directory.log_keepers[on->index()] = impl_->make_keeper(*on);
  }
}

other_doors::~other_doors() = default;

void other_doors::listen_to(lane_store& store) {
  store.add_listener(impl_->bus);
  store.add_listener(impl_->remote);
  store.add_listener(impl_->records.emplace_back());
  auto& on = *impl_->with.lanes[impl_->ears.size()];
  store.add_listener(impl_->ears.emplace_back(on, *impl_->with.board));
  impl_->feed.listen_to(store);
  impl_->metrics.listen_to(store);
  if (const auto& with = impl_->with; !with.config->mirrors.sites.empty())
    store.add_listener(
        impl_->eager.emplace_back(*with.lanes[impl_->eager.size()], *with.board, impl_->sites));
}

void other_doors::dismiss_logs(lane& on) {
  auto& place = impl_->with.board->directory().logs[on.index()];
  if (const auto actor = std::exchange(place, nullptr))
    act::dismiss(on.executor(), actor);
  on.drain();
}

void other_doors::spawn_logs(lane& on) {
  impl_->with.board->directory().logs[on.index()] = impl_->make_logs(on);
}

void other_doors::add_routes(rest_gateway& rest) {
  add_log_routes(rest, *impl_->with.board);
  add_explain_routes(rest, *impl_->with.board);
  add_why_route(rest);
  add_maintenance_route(rest, *impl_->with.board);
  add_task_graph_routes(rest, *impl_->with.board, *impl_->with.config);
  add_task_page_routes(rest);
  add_mirror_routes(rest, *impl_->with.board, impl_->with.config->mirrors);
  add_shell_routes(rest, impl_->shells);
  add_shell_page_routes(rest);
  add_display_routes(rest, impl_->shells);
  add_display_page_routes(rest);
  impl_->feed.add_routes(rest);
}

outcome<void> other_doors::impl::open_https(rest_gateway& rest, node_doors& doors) {
  const auto& config = *with.config;
  if (config.tls_certificate_file.empty())
    return boost::system::in_place_value;
  TROUPE_TRY(const auto certificate,
             server_certificate::load(
                 config.tls_certificate_file, config.tls_key_file, [](const std::string& error) {
                   if (error.empty())
                     log_message(severity::notice, "a new certificate is used for HTTPS");
                   else
                     log_message(severity::error,
                                 error + "; HTTPS goes on with the certificate it had");
                 }));
  const auto& host = config.https_listen.empty() ? config.listen : config.https_listen;
  TROUPE_TRY(doors.https_port, rest.start_https(host, config.https_port, certificate));
  return boost::system::in_place_value;
}

outcome<void> other_doors::open(rest_gateway& rest, node_doors& doors) {
  TROUPE_CHECK(impl_->open_https(rest, doors));
  TROUPE_CHECK(impl_->bus.start());
  doors.zmq_pub_port = impl_->bus.pub_port();
  doors.zmq_router_port = impl_->bus.router_port();
  TROUPE_TRY(doors.metrics_port, impl_->metrics.open(rest));
  TROUPE_TRY(doors.caf_port, impl_->remote.open(rest.door(), doors.root_url));
  const auto& listen = impl_->with.config->listen;
  const bool everywhere = listen == "0.0.0.0" || listen == "::";
  for (auto* on : impl_->with.lanes)
    on->post([this, on] { impl_->with.board->tell(*on, review_logs{on->index()}); });
  doors.caf_address = (everywhere ? "127.0.0.1" : listen) + ":" + std::to_string(doors.caf_port);
  return boost::system::in_place_value;
}

void other_doors::drain() {
  impl_->remote.drain();
  impl_->feed.drain();
  impl_->with.uploader->close();
  impl_->shells.drain();
}

void other_doors::close() {
  impl_->dismiss_keepers();
  impl_->remote.close();
  impl_->metrics.close();
  impl_->bus.stop();
}

}  // namespace troupe
