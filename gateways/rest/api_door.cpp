#include "gateways/rest/api_door.hpp"

#include "gateways/rest/api_pipeline.hpp"
#include "runtime/lane/lane.hpp"

#include <array>

namespace troupe {

namespace {

/// One call with copies of its texts, a time-out of its own, and a sink.
class door_call final : public api_door::ticket, public response_sink, public timer_target {
 public:
  door_call(api_lane& here, api_door::done then)
      : lane_(here.on), then_(std::move(then)), call_(here, *this) {}

  ~door_call() override { lane_.cancel_timer(timer_); }

  void start(const api_request& request) {
    auto mine = request;
    keep(mine);
    call_.start(mine);
    limit_wait();
  }

  void ask(const api_request& request, std::shared_ptr<scope_question> question) {
    auto mine = request;
    keep(mine);
    call_.ask(mine, std::move(question));
    limit_wait();
  }

  void limit_wait() {
    if (!call_.waiting())
      return;
    timer_ = lane_.add_timer(lane_.now() + call_.patience(), *this);
  }

  void end_wait() override { call_.release_claim(); }

  void rehearse(const api_request& request) { call_.rehearse(request); }
  void refuse(const api_request& request, api_error why) { call_.refuse(request, std::move(why)); }

  void on_response(api_response&& response) override {
    lane_.cancel_timer(std::exchange(timer_, 0));
    // Moved out first: `then` may drop the ticket, and this with it.
    const auto then = std::move(then_);
    then(std::move(response));
  }

  void on_timer() override {
    timer_ = 0;
    call_.time_out();
  }

 private:
  /// Copies the texts, so that the views stay good.
  void keep(api_request& request) {
    const std::array<std::string_view*, 13> views{
        &request.verb,         &request.target,         &request.authorization,
        &request.host,         &request.forwarded_port, &request.forwarded_proto,
        &request.content_type, &request.body,           &request.trace_id,
        &request.request_id,   &request.source_ip,      &request.skip_cdn,
        &request.region};
    std::size_t size = 0;
    for (const auto* view : views)
      size += view->size();
    texts_.reserve(size);
    for (auto* view : views) {
      const auto at = texts_.size();
      texts_ += *view;
      *view = std::string_view{texts_}.substr(at, view->size());
    }
  }

  lane& lane_;
  api_door::done then_;
  std::string texts_;
  timer_id timer_ = 0;
  api_call call_;
};

}  // namespace

std::shared_ptr<api_door::ticket> api_door::call(lane& on, const api_request& request, done then) {
  auto& here = *lanes_[on.index()];
  auto made = std::make_shared<door_call>(here, std::move(then));
  made->start(request);
  return made;
}

void api_door::rehearse(lane& on, const api_request& request, const done& then) {
  door_call{*lanes_[on.index()], then}.rehearse(request);
}

std::shared_ptr<api_door::ticket> api_door::ask(lane& on, const api_request& request,
                                                const caller& by, answered then) {
  auto& here = *lanes_[on.index()];
  auto question = std::make_shared<scope_question>();
  auto asks = std::make_shared<caller>(by);
  asks->only_asks = true;
  question->by = std::move(asks);
  auto made = std::make_shared<door_call>(here, [question, then = std::move(then)](api_response&&) {
    if (!question->settled && !question->trouble)
      question->trouble =
          make_api_error(error_code::resource_not_found, "There is no method at this path");
    then(std::move(*question));
  });
  made->ask(request, question);
  return made;
}

const api_method* api_door::method(std::string_view service, std::string_view name) const {
  const auto* served = lanes_.front()->methods.by_name(service, name);
  return served == nullptr ? nullptr : served->row;
}

auth_snapshot_ptr api_door::snapshot(lane& on) const { return lanes_[on.index()]->snapshot; }

void api_door::refuse(lane& on, const api_request& request, api_error why, const done& then) {
  door_call{*lanes_[on.index()], then}.refuse(request, std::move(why));
}

void api_door::give_back(lane& on, api_response& response) {
  lanes_[on.index()]->give_back(response.handed_out);
}

outcome<caller_ptr> api_door::authenticate(lane& on, const api_request& request) {
  return lanes_[on.index()]->authenticate(request);
}

}  // namespace troupe
