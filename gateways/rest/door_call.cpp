#include "gateways/rest/door_call.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/signed_host.hpp"
#include "runtime/lane/lane.hpp"

#include <utility>

namespace troupe {

door_call::door_call(std::string_view method, const door_request& request,
                     std::shared_ptr<response_stream> to)
    : method_(method),
      lane_(*request.on),
      to_(std::move(to)),
      by_(request.by),
      content_type_(request.header("content-type")),
      body_hash_(request.body_hash) {}

void door_call::on_body_end() {
  if (to_ == nullptr)
    return;
  to_->on_gone([weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->let_go();
  });
  self_ = shared_from_this();
  if (auto begun = begin(); !begun)
    fail(begun.error());
}

outcome<void> door_call::check_body(std::string_view text) const {
  TROUPE_CHECK(demand_json_type(content_type_));
  if (!body_hash_.empty())
    TROUPE_CHECK(check_payload_hash(text, content_type_, body_hash_));
  return boost::system::in_place_value;
}

void door_call::fail(const api_error& error) { respond(door_failure(lane_, method_, error)); }

void door_call::respond(api_response&& response) {
  const auto keep = shared_from_this();
  if (const auto to = let_go())
    to->respond(std::move(response));
}

std::shared_ptr<response_stream> door_call::let_go() {
  on_let_go();
  auto to = std::exchange(to_, nullptr);
  // Who calls this may be a part of it, or of what it holds.
  if (self_)
    lane_.post([keep = std::exchange(self_, nullptr)] {});
  return to;
}

}  // namespace troupe
