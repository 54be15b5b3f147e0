#include "actors/index/index_intake.hpp"
#include "actors/index/index_listener.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/switchboard_handles.hpp"

#include <memory>

namespace troupe {

namespace {

constexpr std::string_view completed_exchange = "exchange/taskcluster-queue/v1/task-completed";
// What has no routes is told of so often. It decides how much of the log is read after a crash.
constexpr std::chrono::seconds between_places{1};

// The second word of `primary.<taskId>...`
std::optional<task_id> task_of(std::string_view key) {
  const auto dot = key.find('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  key.remove_prefix(dot + 1);
  return task_id::parse(key.substr(0, key.find('.')));
}

}  // namespace

std::optional<index_completed> completion_of(const event& what) {
  if (what.cc.empty() || what.exchange != completed_exchange)
    return std::nullopt;
  auto paths = index_paths(what.cc);
  const auto task = task_of(what.routing_key);
  if (paths.empty() || !task)
    return std::nullopt;
  return index_completed{{what.id.stream, what.id.ms, what.id.n}, *task, std::move(paths)};
}

void index_listener::on_event(const event& what) {
  if (stopped_)
    return;
  newest_[what.id.stream] = {what.id.stream, what.id.ms, what.id.n};
  changed_.set(what.id.stream);
  if (auto completed = completion_of(what))
    tell(std::move(*completed));
  if (timer_ == 0)
    timer_ = lane_.add_timer(lane_.now() + between_places, *this);
}

void index_listener::on_timer() {
  timer_ = 0;
  index_told command;
  for (std::size_t stream = 0; stream < stream_count; ++stream)
    if (changed_.test(stream))
      command.newest.push_back(newest_[stream]);
  changed_.reset();
  tell(std::move(command));
}

void index_listener::start() { stopped_ = false; }

void index_listener::stop() {
  stopped_ = true;
  lane_.cancel_timer(std::exchange(timer_, 0));
}

// What is told is safe already, so it need not wait as other messages do; and all of it goes the
// same way, so it arrives in order.
template <class Command>
void index_listener::tell(Command command) {
  const auto& to = board_.directory().index;
  if (lane_.index() == 0) {
    if (to)
      lane_.executor().post(to, std::move(command));
    return;
  }
  auto carried = std::make_shared<Command>(std::move(command));
  lane_.peer(0).post([&first = lane_.peer(0), &to, carried] {
    if (to)
      first.executor().post(to, std::move(*carried));
  });
}

}  // namespace troupe
