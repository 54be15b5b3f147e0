#pragma once

#include "gateways/rest/api_pipeline.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/lane/switchboard_handles.hpp"

#include <boost/json.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::test {

/// A lane with the pipeline and handlers of the test, and no door: calls are made and answered on
/// the test's own thread, under a clock that stands still.
class pipeline_bench : public response_sink {
 public:
  pipeline_bench(std::string base, const std::vector<api_method>& rows,
                 served_methods::handler_finder find, auth_snapshot_ptr clients, timestamp start,
                 settings with = {})
      : config(std::move(with)), time(start) {
    static const bool once = (caf::core::init_global_meta_objects(), true);
    (void)once;
    caf_config.set("caf.scheduler.max-threads", 1);
    caf_config.set("caf.scheduler.policy", "sharing");
    system = std::make_unique<caf::actor_system>(caf_config);
    on = std::make_unique<lane>(0, 1, *system, time);
    on->attach_peers({on.get()});
    board = std::make_unique<switchboard>(std::vector<lane*>{on.get()});
    board->directory().queues.resize(1);
    board->directory().groups.resize(1);
    board->directory().logs.resize(1);
    parts.lanes = {on.get()};
    parts.board = board.get();
    parts.config = &config;
    parts.token_key = "token key";
    methods.add(std::move(base), rows, find);
    api = std::make_unique<api_lane>(*on, parts, methods);
    api->use(std::move(clients));
  }

  void on_response(api_response&& response) override { responses.push_back(std::move(response)); }

  /// Runs a job as the lane's thread does.
  void on_lane(const std::function<void()>& job) {
    on->post([&] {
      job();
      on->stop();
    });
    on->io().restart();
    on->run();
  }

  /// Makes a call that is answered at once.
  api_response ask(const api_request& request) {
    responses.clear();
    api_call call(*api, *this);
    on_lane([&] { call.start(request); });
    if (responses.size() != 1)
      throw std::runtime_error("not exactly one response");
    return std::move(responses.front());
  }

  settings config;
  manual_clock time;
  caf::actor_system_config caf_config;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<lane> on;
  std::unique_ptr<switchboard> board;
  rest_gateway_parts parts;
  served_methods methods;
  std::unique_ptr<api_lane> api;
  std::vector<api_response> responses;
};

/// The message of an error without its footer.
inline std::string message_of(const api_response& response) {
  const auto body = boost::json::parse(response.body);
  const std::string text{body.at("message").as_string()};
  return text.substr(0, text.find("\n\n---\n"));
}

inline std::string code_of(const api_response& response) {
  const auto body = boost::json::parse(response.body);
  return std::string{body.at("code").as_string()};
}

/// The value of a header; empty when it is not there.
inline std::string header_of(const api_response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name)
      return value;
  return {};
}

}  // namespace troupe::test
