#include "gateways/mirrors/mirror_door.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "messages/api/troupe_methods.hpp"
#include "messages/mirror_commands.hpp"
#include "runtime/config/mirror_settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <memory>
#include <utility>

namespace troupe {

namespace {

constexpr std::string_view door_name = "purgeMirror";
// Longer than a busy server needs by far, and shorter than who asks waits.
constexpr std::chrono::seconds longest_wait{10};

// One call, on the lane of its connection. It owns itself until it is answered.
class purge_call final : public answer_sink,
                         public timer_target,
                         public std::enable_shared_from_this<purge_call> {
 public:
  purge_call(lane& on, std::shared_ptr<response_stream> to) : lane_(on), to_(std::move(to)) {}

  void begin(switchboard& board, std::string site, std::string blob) {
    self_ = shared_from_this();
    timer_ = lane_.add_timer(lane_.now() + longest_wait, *this);
    to_->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->let_go();
    });
    handle_ = lane_.open_reply(*this);
    board.tell(lane_, purge_copy{std::move(site), std::move(blob), handle_});
  }

  void complete(answer&& result) override {
    handle_ = {};
    if (result.error)
      return respond(door_failure(lane_, door_name, *result.error));
    api_response response;
    response.status = result.status;
    response.content_type = {};
    respond(std::move(response));
  }

  void on_timer() override {
    timer_ = 0;
    respond(door_failure(
        lane_, door_name,
        make_api_error(error_code::service_unavailable,
                       "The server is too busy, or Redis does not answer; repeat the call.")));
  }

 private:
  void respond(api_response&& response) {
    if (const auto to = to_) {
      const auto keep = let_go();
      to->respond(std::move(response));
    }
  }

  // Nobody is answered any more. Who calls this may be a part of it.
  std::shared_ptr<purge_call> let_go() {
    to_ = nullptr;
    lane_.cancel_timer(std::exchange(timer_, 0));
    if (handle_)
      lane_.close_reply(std::exchange(handle_, {}));
    return std::move(self_);
  }

  lane& lane_;
  std::shared_ptr<response_stream> to_;  // null once it was answered, or is gone
  reply_handle handle_;
  timer_id timer_ = 0;
  std::shared_ptr<purge_call> self_;
};

outcome<void> check(const door_request& request, const mirror_settings& config) {
  const auto& site = request.params[0];
  TROUPE_CHECK(demand_scope(*request.by, "troupe:purge-mirror:" + site + ":" + request.params[1]));
  if (config.sites.empty())
    return make_api_error(
        error_code::resource_not_found,
        "This server keeps no copies at other sites: it has no setting 'mirrors'.");
  return boost::system::in_place_value;
}

}  // namespace

void add_mirror_routes(rest_gateway& rest, switchboard& board, const mirror_settings& config) {
  const auto& row = troupe_method(door_name);
  rest.add_stream(
      std::string{row.verb}, troupe_route(row), door_access::caller,
      [&board, &config](door_request&& request,
                        std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        auto& on = *request.on;
        if (const auto may = check(request, config); !may)
          stream->respond(door_failure(on, door_name, may.error()));
        else
          std::make_shared<purge_call>(on, std::move(stream))
              ->begin(board, std::move(request.params[0]), std::move(request.params[1]));
        return nullptr;
      });
}

}  // namespace troupe
