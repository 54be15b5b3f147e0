#include "gateways/rest/rest_gateway.hpp"

#include "gateways/rest/api_door.hpp"
#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/blob_doors.hpp"
#include "gateways/rest/door_routes.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/handlers/monitoring.hpp"
#include "gateways/rest/http_lane.hpp"
#include "gateways/rest/http_listener.hpp"
#include "gateways/rest/reference_pages.hpp"
#include "gateways/rest/request_guard.hpp"
#include "gateways/rest/served_methods.hpp"
#include "messages/api/auth_methods.hpp"
#include "messages/api/index_methods.hpp"
#include "messages/api/object_methods.hpp"
#include "messages/api/purge_cache_methods.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/api/secrets_methods.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/providers/provider_desk.hpp"

#include <atomic>

namespace troupe {

struct rest_gateway::impl final : public timer_target {
  explicit impl(rest_gateway_parts made_of) : parts(std::move(made_of)) {
    methods.add("/api/queue/v1", queue_methods(), find_handler);
    methods.add("/api/object/v1", object_methods(), find_handler);
    methods.add("/api/secrets/v1", secrets_methods(), find_handler);
    methods.add("/api/index/v1", index_methods(), find_handler);
    methods.add("/api/purge-cache/v1", purge_cache_methods(), find_handler);
    methods.add("/api/auth/v1", auth_methods(), find_handler);
    if (!parts.guard)
      parts.guard = std::make_shared<request_guard>(*parts.config);
    providers = std::make_unique<provider_desk>(first(), parts.config->providers);
    std::vector<api_lane*> all;
    for (auto* lane : parts.lanes) {
      apis.push_back(std::make_unique<api_lane>(*lane, parts, methods));
      apis.back()->providers = providers.get();
      all.push_back(apis.back().get());
    }
    door = std::make_unique<api_door>(std::move(all));
    // Sessions find their routes in `routes`, which is complete before the lanes run.
    for (auto& api : apis)
      https.push_back(std::make_unique<http_lane>(*api, routes, *parts.config));
  }

  lane& first() { return *parts.lanes.front(); }

  std::size_t connections() const {
    std::size_t all = 0;
    for (const auto& http : https)
      all += http->connections();
    return all;
  }

  /// Runs on each lane.
  template <class Job>
  void everywhere(Job job) {
    for (std::size_t i = 0; i < https.size(); ++i)
      parts.lanes[i]->post([this, i, job] { job(*https[i], *apis[i]); });
  }

  outcome<std::uint16_t> listen(const std::string& host, std::uint16_t port,
                                std::shared_ptr<server_certificate> certificate,
                                const std::function<void(std::uint16_t)>& before_accepting);

  void on_timer() override { check_drained(); }

  void check_drained() {
    if (connections() > 0 && first().now() < drain_until) {
      first().add_timer(first().now() + std::chrono::milliseconds{20}, *this);
      return;
    }
    everywhere([](http_lane& http, api_lane& api) {
      http.close_all();
      api.log.flush();
    });
    if (auto done = std::exchange(drained, nullptr))
      // Behind what was just posted to this lane.
      first().post(std::move(done));
  }

  rest_gateway_parts parts;
  served_methods methods;
  door_routes routes;
  std::vector<std::unique_ptr<api_lane>> apis;
  std::vector<std::unique_ptr<http_lane>> https;
  std::unique_ptr<api_door> door;
  std::unique_ptr<provider_desk> providers;  // of the first lane
  std::vector<std::shared_ptr<http_listener>> listeners;
  timestamp drain_until;
  std::function<void()> drained;
};

rest_gateway::rest_gateway(rest_gateway_parts parts)
    : impl_(std::make_unique<impl>(std::move(parts))) {
  add_root_pages(*this, impl_->parts.build, impl_->parts.healthy);
  add_reference_pages(*this, *impl_->parts.config, impl_->parts.signer);
  if (impl_->parts.blobs == nullptr)
    return;
  const std::string route = std::string{blob_signer::path_prefix} + "<key*>";
  add_stream("PUT", route, door_access::open,
             blob_upload_door(*impl_->parts.signer, *impl_->parts.blobs));
  add_stream("GET", route, door_access::open,
             blob_download_door(*impl_->parts.signer, *impl_->parts.blobs, impl_->parts.copies));
}

rest_gateway::~rest_gateway() = default;

void rest_gateway::add_page(std::string verb, std::string route, door_access access,
                            page_handler handler) {
  door_route made{std::move(verb), std::move(route), access, false, std::move(handler), {}, {}};
  impl_->routes.add(std::move(made));
}

void rest_gateway::add_stream(std::string verb, std::string route, door_access access,
                              stream_handler handler) {
  door_route made{std::move(verb), std::move(route), access, false, {}, std::move(handler), {}};
  impl_->routes.add(std::move(made));
}

void rest_gateway::add_upgrade(std::string route, door_access access, upgrade_handler handler) {
  door_route made{"GET", std::move(route), access, true, {}, {}, std::move(handler)};
  impl_->routes.add(std::move(made));
}

outcome<std::uint16_t> rest_gateway::impl::listen(
    const std::string& host, std::uint16_t port, std::shared_ptr<server_certificate> certificate,
    const std::function<void(std::uint16_t)>& before_accepting) {
  std::vector<http_lane*> lanes;
  for (auto& http : https)
    lanes.push_back(http.get());
  const auto* setting = certificate ? "https-port" : "http-port";
  auto listener = std::make_shared<http_listener>(std::move(lanes), parts.config->max_connections,
                                                  std::move(certificate));
  TROUPE_TRY(const auto bound, listener->open(host, port, setting));
  listeners.push_back(listener);
  if (before_accepting)
    before_accepting(bound);
  first().post([listener] { listener->start(); });
  return bound;
}

outcome<std::uint16_t> rest_gateway::start(
    const std::string& host, std::uint16_t port,
    const std::function<void(std::uint16_t)>& before_accepting) {
  TROUPE_TRY(const auto listens_on, impl_->listen(host, port, nullptr, before_accepting));
  impl_->providers->start();
  return listens_on;
}

outcome<std::uint16_t> rest_gateway::start_https(const std::string& host, std::uint16_t port,
                                                 std::shared_ptr<server_certificate> certificate) {
  return impl_->listen(host, port, std::move(certificate), {});
}

void rest_gateway::set_snapshot(std::shared_ptr<const auth_snapshot> snapshot,
                                std::function<void()> done) {
  auto missing = std::make_shared<std::size_t>(impl_->apis.size());
  auto all_done = std::make_shared<std::function<void()>>(std::move(done));
  auto& first = impl_->first();
  impl_->everywhere([snapshot, missing, all_done, &first](http_lane&, api_lane& api) {
    api.use(snapshot);
    if (*all_done)
      // The count is that of lane 0.
      first.post([missing, all_done] {
        if (--*missing == 0)
          (*all_done)();
      });
  });
}

void rest_gateway::stop_accepting() {
  for (const auto& listener : impl_->listeners)
    impl_->first().post([listener] { listener->close(); });
}

void rest_gateway::drain(std::chrono::milliseconds limit, std::function<void()> done) {
  stop_accepting();
  impl_->everywhere([](http_lane& http, api_lane&) { http.drain(); });
  auto* all = impl_.get();
  all->first().post([all, limit, done = std::move(done)] {
    all->drain_until = all->first().now() + limit;
    all->drained = done;
    all->check_drained();
  });
}

void rest_gateway::collect_counts(std::function<void(const request_counts&)> done) {
  struct collection {
    request_counts all;
    std::size_t missing = 0;
    std::function<void(const request_counts&)> done;
  };
  auto made = std::make_shared<collection>();
  made->missing = impl_->apis.size();
  made->done = std::move(done);
  auto& first = impl_->first();
  impl_->everywhere([made, &first](http_lane&, api_lane& api) {
    auto part = std::make_shared<request_counts>();
    part->merge(api.counts);
    first.post([made, part] {
      made->all.merge(*part);
      if (--made->missing == 0)
        made->done(made->all);
    });
  });
}

api_door& rest_gateway::door() { return *impl_->door; }

provider_desk& rest_gateway::providers() { return *impl_->providers; }

std::size_t rest_gateway::connections() const { return impl_->connections(); }

}  // namespace troupe
