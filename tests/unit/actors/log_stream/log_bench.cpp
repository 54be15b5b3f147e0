#include "tests/unit/actors/log_stream/log_bench.hpp"

#include "actors/log_stream/log_directory_actor.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <caf/init_global_meta_objects.hpp>

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <future>

namespace troupe {

namespace {

// So that a mistake fails instead of hanging.
constexpr std::chrono::seconds patience{20};

void init_caf() {
  static const bool once = [] {
    caf::core::init_global_meta_objects();
    caf::init_global_meta_objects<caf::id_block::troupe>();
    return true;
  }();
  (void)once;
}

struct waiting_sink final : answer_sink {
  void complete(answer&& result) override { got.set_value(std::move(result)); }
  std::promise<answer> got;
};

}  // namespace

scratch_directory::scratch_directory() {
  char name[] = "/tmp/troupe-logs-XXXXXX";
  REQUIRE(mkdtemp(name) != nullptr);
  path = name;
}

scratch_directory::~scratch_directory() { std::filesystem::remove_all(path); }

task_id some_task() { return *task_id::parse("fN1SbArXTPSVFNUvaOlinQ"); }

log_bytes piece(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

std::string spool_path(const std::string& directory, run_id run) {
  return directory + "/" + some_task().str() + "-" + std::to_string(run) + ".log";
}

// -- the follower ---------------------------------------------------------------------------------

void recording_follower::after_each(std::function<void()> job) {
  const std::lock_guard lock{guard_};
  after_each_ = std::move(job);
}

void recording_follower::on_bytes(std::uint64_t offset, const log_bytes& bytes) {
  std::function<void()> job;
  {
    const std::lock_guard lock{guard_};
    job = after_each_;
    if (!std::exchange(joined_, true))
      first_ = offset;
    in_order_ = in_order_ && offset == first_ + text_.size();
    text_ += *bytes;
  }
  news_.notify_all();
  if (job && !bytes->empty())
    job();
}

void recording_follower::on_end() {
  const std::lock_guard lock{guard_};
  ended_ = true;
  news_.notify_all();
}

void recording_follower::on_missing() {
  const std::lock_guard lock{guard_};
  missing_ = true;
  news_.notify_all();
}

std::string recording_follower::wait_for_end() {
  std::unique_lock lock{guard_};
  REQUIRE(news_.wait_for(lock, patience, [this] { return ended_ || missing_; }));
  REQUIRE(in_order_);
  return missing_ ? "missing" : text_;
}

std::string recording_follower::wait_for(std::size_t size) {
  std::unique_lock lock{guard_};
  REQUIRE(news_.wait_for(lock, patience, [this, size] { return joined_ && text_.size() >= size; }));
  REQUIRE(in_order_);
  return text_;
}

std::string recording_follower::text() {
  const std::lock_guard lock{guard_};
  return text_;
}

std::uint64_t recording_follower::first_offset() {
  const std::lock_guard lock{guard_};
  return first_;
}

// -- the node -------------------------------------------------------------------------------------

log_bench::log_bench(const log_directory_options& options) {
  init_caf();
  config_.set("caf.scheduler.max-threads", 1);
  config_.set("caf.scheduler.policy", "sharing");
  system_ = std::make_unique<caf::actor_system>(config_);
  std::vector<lane*> all;
  for (std::uint16_t i = 0; i < 2; ++i) {
    lanes_.push_back(std::make_unique<lane>(i, 2, *system_, time));
    all.push_back(lanes_.back().get());
  }
  for (auto& each : lanes_)
    each->attach_peers(all);
  logs_ = system_->spawn<log_directory_shell, caf::lazy_init>(*lanes_[0], options);
  for (auto& each : lanes_)
    threads_.emplace_back([&each] { each->run(); });
}

log_bench::~log_bench() {
  on_lane([](lane&) {});
  for (auto& each : lanes_)
    each->stop();
  for (auto& thread : threads_)
    thread.join();
  logs_ = nullptr;
}

void log_bench::on_lane(const std::function<void(lane&)>& job) {
  std::promise<void> done;
  lanes_[0]->post([&] {
    job(*lanes_[0]);
    done.set_value();
  });
  REQUIRE(done.get_future().wait_for(patience) == std::future_status::ready);
}

void log_bench::hand_over(const append_log& command) {
  lanes_[0]->executor().post(logs_, append_log{command});
}
void log_bench::hand_over(const finish_log& command) {
  lanes_[0]->executor().post(logs_, finish_log{command});
}
void log_bench::hand_over(const follow_log& command) {
  lanes_[0]->executor().post(logs_, follow_log{command});
}
void log_bench::hand_over(const follower_ready& command) {
  lanes_[0]->executor().post(logs_, follower_ready{command});
}

void log_bench::hand_over(const log_run_resolved& command) {
  lanes_[0]->executor().post(logs_, log_run_resolved{command});
}

answer log_bench::ask(const std::function<void(reply_handle)>& send) {
  waiting_sink sink;
  auto future = sink.got.get_future();
  on_lane([&](lane& on) { send(on.open_reply(sink)); });
  REQUIRE(future.wait_for(patience) == std::future_status::ready);
  return future.get();
}

answer log_bench::append(std::uint64_t offset, std::string text, run_id run) {
  return ask([&](reply_handle reply) {
    hand_over(append_log{some_task(), run, offset, piece(std::move(text)), reply});
  });
}

answer log_bench::finish(run_id run) {
  return ask([&](reply_handle reply) { hand_over(finish_log{some_task(), run, reply}); });
}

std::shared_ptr<recording_follower> log_bench::follow(std::uint64_t offset, std::uint16_t from_lane,
                                                      bool lazy, run_id run) {
  auto follower = std::make_shared<recording_follower>();
  if (!lazy)
    follower->after_each([this, run, raw = follower.get()] {
      tell(follower_ready{some_task(), run, raw, false});
    });
  tell(follow_log{some_task(), run, offset, follower, from_lane});
  return follower;
}

std::shared_ptr<recording_follower> log_bench::follow_tail(std::uint32_t lines) {
  auto follower = std::make_shared<recording_follower>();
  follower->after_each([this, raw = follower.get()] {
    tell(follower_ready{some_task(), 0, raw, false});
  });
  tell(follow_log{some_task(), 0, 0, follower, 0, lines});
  return follower;
}

void log_bench::caught_up(const std::shared_ptr<recording_follower>& follower, bool gone) {
  tell(follower_ready{some_task(), 0, follower.get(), gone});
}

}  // namespace troupe
