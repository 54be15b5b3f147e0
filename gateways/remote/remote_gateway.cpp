#include "gateways/remote/remote_gateway.hpp"

#include "gateways/remote/remote_desk.hpp"
#include "gateways/remote/remote_door_actor.hpp"
#include "gateways/remote/run_endings.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/store/shard.hpp"

#include <caf/io/middleman.hpp>
#include <caf/openssl/publish.hpp>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>

namespace troupe {

namespace {

constexpr std::chrono::seconds longest_drain{5};

/// Counts actors that use the gateway, so that it does not go before them.
class actor_count {
 public:
  void up() {
    const std::lock_guard lock{guard_};
    ++count_;
  }
  void down() {
    const std::lock_guard lock{guard_};
    --count_;
    fewer_.notify_all();
  }
  void wait() {
    std::unique_lock lock{guard_};
    fewer_.wait(lock, [this] { return count_ == 0; });
  }
  void wait_for_one(std::chrono::milliseconds limit) {
    std::unique_lock lock{guard_};
    fewer_.wait_for(lock, limit, [this] { return count_ <= 1; });
  }

 private:
  std::mutex guard_;
  std::condition_variable fewer_;
  unsigned count_ = 0;
};

}  // namespace

struct remote_gateway::impl {
  explicit impl(remote_gateway_parts made_of) : parts(std::move(made_of)) {
    shared.board = parts.board;
    shared.config = parts.config;
    shared.known = &known;
    for (auto* on : parts.lanes)
      desks.push_back(std::make_unique<remote_desk>(*on, shared));
  }

  session_home home_of(std::string_view queue) {
    const auto place =
        lane_of_shard(shard_of(queue), static_cast<std::uint16_t>(parts.lanes.size()));
    return {parts.lanes[place], desks[place].get()};
  }

  /// Runs on each lane; returns when it has.
  void everywhere(void (remote_desk::*job)()) {
    std::vector<std::promise<void>> done(desks.size());
    for (std::size_t i = 0; i < desks.size(); ++i)
      parts.lanes[i]->post([&, i] {
        ((*desks[i]).*job)();
        done[i].set_value();
      });
    for (auto& one : done)
      one.get_future().wait();
  }

  remote_gateway_parts parts;
  remote_desk_parts shared;
  std::atomic<std::size_t> known{0};
  std::vector<std::unique_ptr<remote_desk>> desks;
  actor_count actors;
  remote_door_shell_actor door;
  std::uint16_t port = 0;
};

remote_gateway::remote_gateway(remote_gateway_parts parts)
    : impl_(std::make_unique<impl>(std::move(parts))) {}

remote_gateway::~remote_gateway() = default;

outcome<std::uint16_t> remote_gateway::open(api_door& api, const std::string& root_url) {
  auto* all = impl_.get();
  all->shared.api = &api;
  remote_door_parts door;
  door.version = all->parts.version;
  door.root_url = root_url;
  door.home_of = [all](std::string_view queue) { return all->home_of(queue); };
  door.one_more = [all] { all->actors.up(); };
  door.one_less = [all] { all->actors.down(); };
  all->door = all->parts.system->spawn<remote_door_shell>(std::move(door));
  const auto& config = *all->parts.config;
  auto bound = caf::openssl::publish(caf::actor_cast<remote_door_actor>(all->door), config.caf_port,
                                     config.listen.c_str(), true);
  if (!bound)
    return make_api_error(error_code::service_unavailable,
                          "cannot listen for remote workers at " + config.listen + " port " +
                              std::to_string(config.caf_port) +
                              "; choose another with --caf-port (0 picks a free one)");
  all->port = *bound;
  return all->port;
}

// On the lane that committed the event.
void remote_gateway::on_event(const event& what) {
  if (impl_->known.load(std::memory_order_relaxed) == 0)
    return;
  // What others publish ends no run, whatever it says.
  if (what.id.stream >= shard_count)
    return;
  auto ending = run_ending_of(what);
  if (!ending)
    return;
  const auto home = impl_->home_of(ending->worker.first.text);
  home.on->post([desk = home.desk, ending = std::move(*ending)] {
    desk->run_ended(ending.worker, ending.run, ending.how);
  });
}

void remote_gateway::drain() { impl_->everywhere(&remote_desk::drain); }

void remote_gateway::close() {
  impl_->everywhere(&remote_desk::drain);
  impl_->actors.wait_for_one(longest_drain);  // all but the door
  if (impl_->port != 0)
    (void)impl_->parts.system->middleman().close(impl_->port);
  impl_->port = 0;
  if (impl_->door)
    act::anon_send(impl_->door, end_session{"the server is stopping"});
  impl_->everywhere(&remote_desk::close);
  impl_->actors.wait();
  impl_->door = nullptr;
}

}  // namespace troupe
