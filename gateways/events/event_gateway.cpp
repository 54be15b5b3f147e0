#include "gateways/events/event_gateway.hpp"

#include "gateways/events/event_hub.hpp"
#include "gateways/events/event_publisher.hpp"
#include "gateways/events/event_stream.hpp"
#include "gateways/rest/api_door.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/store/lane_store.hpp"

#include <deque>
#include <unordered_map>

namespace troupe {

namespace {

constexpr std::string_view route = "/api/events/v1/connect";

/// What the feed has on one lane. Connections are kept, so that none is left when it ends.
struct lane_feed final : event_connections {
  explicit lane_feed(lane& where) : on(where), hub(where) {}

  void add(const std::shared_ptr<event_connection>& made) override {
    if (ended)
      made->end();
    else
      open.emplace(made.get(), made);
  }

  // Whoever calls may be in the middle of something.
  void remove(const event_connection& gone) override {
    const auto found = open.find(&gone);
    if (found == open.end())
      return;
    on.post([kept = std::move(found->second)] {});
    open.erase(found);
  }

  void end() {
    ended = true;
    for (const auto& [where, connection] : std::exchange(open, {}))
      connection->end();
    hub.detach_all();
  }

  lane& on;
  event_hub hub;
  std::unordered_map<const event_connection*, std::shared_ptr<event_connection>> open;
  bool ended = false;
};

}  // namespace

struct event_gateway::impl {
  impl(lane& first, bool open) : publisher(first), lets_all_in(open) {}

  event_place place(const lane& on) {
    auto& feed = of(on);
    return {&feed.hub, &feed.on.store(), &feed, &publisher, lets_all_in};
  }

  std::deque<lane_feed> lanes;
  event_publisher publisher;
  const bool lets_all_in;
  std::size_t stores = 0;

  lane_feed& of(const lane& on) { return lanes[on.index()]; }
};

event_gateway::event_gateway(std::vector<lane*> lanes, bool lets_all_in)
    : impl_(std::make_unique<impl>(*lanes.front(), lets_all_in)) {
  std::vector<event_hub*> all;
  for (auto* on : lanes)
    all.push_back(&impl_->lanes.emplace_back(*on).hub);
  for (auto* hub : all)
    hub->attach_peers(all);
}

event_gateway::~event_gateway() = default;

void event_gateway::listen_to(lane_store& store) {
  store.add_listener(impl_->lanes[impl_->stores++].hub);
}

void event_gateway::add_routes(rest_gateway& rest) {
  const signature_check check = [&rest](const door_request& door, std::string_view authorization) {
    api_request request;
    request.verb = "GET";
    request.target = door.target;
    request.host = door.header("host");
    request.authorization = authorization;
    return rest.door().authenticate(*door.on, request);
  };
  for (const auto& path : {std::string{route}, std::string{route} + "/"}) {
    rest.add_stream(
        "GET", path, door_access::caller,
        [this](door_request&& request,
               std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
          serve_event_stream(request, std::move(stream), impl_->place(*request.on));
          return nullptr;
        });
    rest.add_upgrade(path, door_access::caller, [this, check](upgraded_connection&& connection) {
      const auto place = impl_->place(*connection.on);
      serve_event_socket(std::move(connection), place, check);
    });
  }
}

void event_gateway::drain() {
  for (auto& feed : impl_->lanes)
    feed.on.post([&feed] { feed.end(); });
}

}  // namespace troupe
