#include "gateways/metrics/metrics_gateway.hpp"

#include "gateways/metrics/figures.hpp"
#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/door_routes.hpp"
#include "gateways/rest/http_lane.hpp"
#include "gateways/rest/http_listener.hpp"
#include "gateways/rest/served_methods.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

namespace troupe {

namespace {

// Longer than a busy server needs by far, and shorter than who asks waits.
constexpr std::chrono::seconds longest_wait{5};

rest_gateway_parts door_parts(const metrics_gateway::parts& given, const build_info& build) {
  rest_gateway_parts parts;
  parts.lanes = given.lanes;
  parts.board = given.board;
  parts.config = given.config;
  parts.build = build;
  return parts;
}

}  // namespace

struct metrics_gateway::impl {
  impl(const parts& given, const build_info& build);

  /// One answer to `/metrics` in the making: on lane 0, from what all lanes tell.
  class scrape;

  lane& first() { return *with.lanes.front(); }
  bool healthy() const;
  api_response health() const;

  parts with;
  std::deque<resolution_counts> resolved;  // one a lane
  std::vector<lane_store*> stores;
  rest_gateway* rest = nullptr;
  // A door of the same make as the API's, with no method behind it.
  rest_gateway_parts made_of;
  served_methods no_methods;
  door_routes routes;
  api_lane api;
  http_lane http;
  std::shared_ptr<http_listener> listener;
  std::vector<std::shared_ptr<scrape>> open;
};

class metrics_gateway::impl::scrape final : public timer_target,
                                            public std::enable_shared_from_this<scrape> {
 public:
  scrape(impl& of, std::shared_ptr<response_stream> to, metrics_format format)
      : of_(of), to_(std::move(to)), format_(format) {}

  void begin() {
    timer_ = of_.first().add_timer(of_.first().now() + longest_wait, *this);
    missing_ = 1 + 2 * of_.with.lanes.size();
    for (auto* on : of_.with.lanes) {
      auto& question = questions_.emplace_back();
      question.of = this;
      question.handle = of_.first().open_reply(question);
      of_.with.board->tell(of_.first(), measure_queues{on->index(), question.handle});
      ask_lane(*on);
    }
    of_.rest->collect_counts([self = shared_from_this()](const request_counts& counts) {
      self->figures_.requests.merge(counts);
      self->one_came();
    });
  }

  /// Nobody is answered any more.
  void let_go() {
    to_ = nullptr;
    of_.first().cancel_timer(std::exchange(timer_, 0));
    for (auto& question : questions_)
      if (question.handle)
        of_.first().close_reply(std::exchange(question.handle, {}));
  }

  void on_timer() override {
    timer_ = 0;
    api_response late;
    late.status = 503;
    late.body = R"({"error":"the server is too busy to count; ask again in a moment"})";
    answer_with(std::move(late));
  }

 private:
  struct queue_question final : answer_sink {
    void complete(answer&& result) override {
      handle = {};
      auto rows = read_queue_figures(result.body);
      auto& all = of->figures_.queues;
      std::move(rows.begin(), rows.end(), std::back_inserter(all));
      of->one_came();
    }
    scrape* of = nullptr;
    reply_handle handle;
  };

  void ask_lane(lane& on) {
    on.post([self = shared_from_this(), &on, index = on.index()] {
      auto& first = self->of_.first();
      first.post([self, counted = self->of_.stores[index]->counted(),
                  resolved = self->of_.resolved[index].counts(), open = on.open_replies()] {
        auto& figures = self->figures_;
        figures.store.commits += counted.commits;
        figures.store.batches += counted.batches;
        figures.store.reconnects += counted.reconnects;
        figures.store.events += counted.events;
        for (const auto& [key, count] : resolved)
          figures.resolved[key] += count;
        figures.requests_in_flight += open;
        self->one_came();
      });
    });
  }

  void one_came() {
    if (--missing_ > 0 || !to_)
      return;
    auto& build = of_.made_of.build;
    figures_.version = build.version;
    figures_.commit = build.commit;
    figures_.process = read_process_figures();
    figures_.connections = of_.rest->connections();
    figures_.copies = of_.with.copies;
    // The questions of this scrape are not calls.
    figures_.requests_in_flight -=
        std::min<std::uint64_t>(figures_.requests_in_flight, questions_.size());
    std::sort(figures_.queues.begin(), figures_.queues.end(),
              [](const auto& a, const auto& b) { return a.queue < b.queue; });
    api_response response;
    response.content_type = metrics_content_type(format_);
    response.body = write_figures(figures_, format_, of_.with.config->metrics_prefix);
    answer_with(std::move(response));
  }

  void answer_with(api_response&& response) {
    if (auto to = std::exchange(to_, nullptr))
      to->respond(std::move(response));
    let_go();
    // Not at once: who called this may be a part of it.
    of_.first().post([self = shared_from_this()] { std::erase(self->of_.open, self); });
  }

  impl& of_;
  std::shared_ptr<response_stream> to_;
  metrics_format format_;
  server_figures figures_;
  std::deque<queue_question> questions_;
  std::size_t missing_ = 0;
  timer_id timer_ = 0;
};

metrics_gateway::impl::impl(const parts& given, const build_info& build)
    : with(given),
      made_of(door_parts(with, build)),
      api(first(), made_of, no_methods),
      http(api, routes, *with.config) {
  const auto get = [](std::string route, page_handler page, stream_handler stream) {
    return door_route{
        "GET", std::move(route), door_access::open, false, std::move(page), std::move(stream), {}};
  };
  routes.add(get("/health", [this](const door_request&) { return health(); }, {}));
  routes.add(get("/metrics", {},
                 [this](door_request&& request,
                        std::shared_ptr<response_stream> to) -> std::shared_ptr<body_consumer> {
                   const auto format = metrics_format_for(request.header("accept"));
                   open.push_back(std::make_shared<scrape>(*this, std::move(to), format));
                   open.back()->begin();
                   return nullptr;
                 }));
}

bool metrics_gateway::impl::healthy() const {
  return std::none_of(stores.begin(), stores.end(),
                      [](const auto* store) { return store->overdue(); });
}

api_response metrics_gateway::impl::health() const {
  api_response response;
  response.status = healthy() ? 200 : 503;
  response.body = healthy() ? R"({"status":"ok"})"
                            : R"({"status":"no connection to Redis; the server tries again"})";
  return response;
}

metrics_gateway::metrics_gateway(const parts& given, const build_info& build)
    : impl_(std::make_unique<impl>(given, build)) {}

metrics_gateway::~metrics_gateway() = default;

void metrics_gateway::listen_to(lane_store& store) {
  impl_->stores.push_back(&store);
  store.add_listener(impl_->resolved.emplace_back());
}

outcome<std::uint16_t> metrics_gateway::open(rest_gateway& rest) {
  impl_->rest = &rest;
  const auto& config = *impl_->with.config;
  auto listener = std::make_shared<http_listener>(std::vector<http_lane*>{&impl_->http},
                                                  config.max_connections);
  auto bound = listener->open(config.metrics_listen, config.metrics_port, "metrics-port");
  if (!bound)
    return bound;
  impl_->listener = listener;
  impl_->first().post([listener] { listener->start(); });
  return bound;
}

void metrics_gateway::close() {
  impl_->first().post([door = impl_.get()] {
    if (door->listener)
      door->listener->close();
    for (const auto& scrape : std::exchange(door->open, {}))
      scrape->let_go();
    door->http.close_all();
  });
}

}  // namespace troupe
