#include "runtime/supervision/service_guard.hpp"

#include "runtime/lane/lane.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

namespace troupe {

api_error failed_actor(const std::string& name, const std::string& why) {
  return make_api_error(error_code::internal_server_error, "the " + name + " failed: " + why);
}

service_guard::service_guard(lane& on, switchboard& board, std::string name,
                             std::function<void()> successor)
    : on_(on), board_(board), name_(std::move(name)), successor_(std::move(successor)) {}

void service_guard::release() {
  holding_ = false;
  for (auto& again : std::exchange(kept_, {}))
    again(true);
}

void service_guard::hand_back() {
  for (auto& again : std::exchange(kept_, {}))
    again(false);
}

api_error service_guard::fail(const std::exception_ptr& failure) {
  const auto why = describe_exception(failure);
  on_.store().abandon_commit();
  if (!std::exchange(failed_, true))
    on_.supervisor().service_failed(name_, why, successor_);
  return failed_actor(name_, why);
}

void service_guard::refuse(const reply_handle& reply, const api_error& error) {
  on_.deliver(reply, answer{error});
}

}  // namespace troupe
