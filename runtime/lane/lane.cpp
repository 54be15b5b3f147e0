#include "runtime/lane/lane.hpp"

#include "runtime/lane/caf_compat.hpp"

#include <boost/asio/post.hpp>

#include <cassert>

namespace troupe {

lane::lane(std::uint16_t index, std::uint16_t lane_count, caf::actor_system& system,
           const clock& time)
    : index_(index),
      lane_count_(lane_count),
      clock_(time),
      work_(io_.get_executor()),
      tick_(io_),
      wheel_(time.now()),
      executor_(std::make_unique<act::inline_executor>(system)) {}

lane::~lane() = default;

void lane::run() {
  thread_ = std::this_thread::get_id();
  io_.run();
}

void lane::stop() { io_.stop(); }

void lane::post(std::function<void()> job) {
  boost::asio::post(io_, [this, job = std::move(job)] {
    job();
    drain();
  });
}

std::uint64_t lane::unique_us() {
  const auto now = static_cast<std::uint64_t>(now_us());
  last_us_ = now > last_us_ ? now : last_us_ + 1;
  return last_us_;
}

void lane::raise_unique_us(std::uint64_t seen) {
  if (seen > last_us_)
    last_us_ = seen;
}

timer_id lane::add_timer(timestamp when, timer_target& target) {
  const auto id = wheel_.add(when, target);
  arm_timer();
  return id;
}

void lane::cancel_timer(timer_id id) { wheel_.cancel(id); }

void lane::arm_timer() {
  const auto due = wheel_.next_due();
  if (!due || (armed_for_ms_ != 0 && armed_for_ms_ <= due->ms))
    return;
  armed_for_ms_ = due->ms;
  tick_.expires_after(std::max(*due - now(), std::chrono::milliseconds{0}));
  tick_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed)
      on_tick();
  });
}

void lane::on_tick() {
  armed_for_ms_ = 0;
  wheel_.advance(now());
  drain();
  arm_timer();
}

void lane::drain() { executor_->drain(); }

reply_handle lane::open_reply(answer_sink& sink) {
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(reply_slots_.size());
    reply_slots_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  auto& entry = reply_slots_[slot];
  entry.sink = &sink;
  if (++entry.generation == 0)
    entry.generation = 1;
  ++open_replies_;
  return reply_handle{0, index_, slot, entry.generation};
}

void lane::close_reply(const reply_handle& handle) {
  if (!handle || handle.slot >= reply_slots_.size())
    return;
  auto& entry = reply_slots_[handle.slot];
  if (entry.generation != handle.generation || entry.sink == nullptr)
    return;
  entry.sink = nullptr;
  free_slots_.push_back(handle.slot);
  --open_replies_;
}

void lane::refuse_open_replies(const api_error& why) {
  // Whoever hears it may ask for something else at once, which is answered in its own way.
  std::vector<reply_handle> waiting;
  for (std::uint32_t slot = 0; slot < reply_slots_.size(); ++slot)
    if (reply_slots_[slot].sink != nullptr)
      waiting.push_back({0, index_, slot, reply_slots_[slot].generation});
  for (const auto& handle : waiting)
    deliver(handle, answer{why});
}

void lane::deliver(const reply_handle& handle, answer&& result) {
  if (!handle)
    return;
  if (handle.lane != index_) {
    auto carried = std::make_shared<answer>(std::move(result));
    auto& target = peer(handle.lane);
    target.post([&target, handle, carried] { target.deliver(handle, std::move(*carried)); });
    return;
  }
  assert(is_current());
  auto& entry = reply_slots_[handle.slot];
  if (entry.generation != handle.generation || entry.sink == nullptr) {
    if (undelivered_)
      for (const auto& run : result.handed_out)
        undelivered_(run);
    return;
  }
  auto* sink = entry.sink;
  close_reply(handle);
  sink->complete(std::move(result));
}

}  // namespace troupe
