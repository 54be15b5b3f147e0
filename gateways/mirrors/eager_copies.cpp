#include "gateways/mirrors/eager_copies.hpp"

#include "messages/task_commands.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/scopes/scope.hpp"

#include <utility>

namespace troupe {

namespace {

// Copies are made when somebody reads, too: what is too much is left to that.
constexpr std::size_t most_waiting = 1000;
constexpr std::size_t most_dependencies = 100;
constexpr std::size_t most_artifacts = 1000;
constexpr std::uint32_t page_size = 1000;
constexpr std::chrono::seconds longest_answer{10};

caller_ptr make_reader() {
  auto by = std::make_shared<caller>();
  by->client_id = "static/troupe/mirrors";
  by->scopes = std::make_shared<const scope_set>(scope_list{"queue:get-artifact:*"});
  by->authenticated = true;
  return by;
}

}  // namespace

eager_copies::eager_copies(lane& on, switchboard& board, const mirror_sites& sites)
    : lane_(on), board_(board), sites_(sites), reader_(make_reader()) {}

// The lane does not run any more.
eager_copies::~eager_copies() {
  if (handle_)
    lane_.close_reply(handle_);
  lane_.cancel_timer(timer_);
}

void eager_copies::on_event(const event& what) {
  auto task = pending_task_of(what);
  if (!task || waiting_.size() >= most_waiting)
    return;
  auto sites = sites_.eager_sites(task->queue);
  if (sites.empty())
    return;
  waiting_.push_back({std::move(*task), std::move(sites)});
  if (!std::exchange(busy_, true))
    lane_.post([this] { work(); });
}

// One question after the other, each behind whatever the lane has to do.
void eager_copies::work() {
  if (waiting_.empty()) {
    busy_ = false;
    return;
  }
  const auto& now = waiting_.front();
  if (!std::exchange(opened_, true))
    return ask(get_task{now.task.id, {}}, [this](const answer& r) { take_definition(r); });
  if (!listed_.empty()) {
    const auto id = listed_.front();
    listed_.pop_front();
    return ask(list_artifacts{id, std::nullopt, page_size, {}, {}}, [this, id](const answer& r) {
      for (auto& name : copyable_names(r.body))
        if (artifacts_.size() < most_artifacts)
          artifacts_.push_back({id, std::move(name)});
    });
  }
  if (!artifacts_.empty()) {
    get_artifact wanted;
    wanted.task = artifacts_.front().task;
    wanted.name = artifacts_.front().name;
    wanted.site = now.sites[site_];
    wanted.by = reader_;
    if (++site_ == now.sites.size()) {
      site_ = 0;
      artifacts_.pop_front();
    }
    return ask(std::move(wanted), [](const answer&) {});
  }
  opened_ = false;
  waiting_.pop_front();
  lane_.post([this] { work(); });
}

template <class Command>
void eager_copies::ask(Command command, taker take) {
  take_ = std::move(take);
  timer_ = lane_.add_timer(lane_.now() + longest_answer, *this);
  handle_ = lane_.open_reply(*this);
  command.reply = handle_;
  board_.tell(lane_, std::move(command));
}

void eager_copies::take_definition(const answer& result) {
  for (auto& artifact : mounted_artifacts(result.body))
    if (artifacts_.size() < most_artifacts)
      artifacts_.push_back(std::move(artifact));
  if (!artifacts_.empty())
    return;
  for (const auto& id : required_tasks(result.body))
    if (listed_.size() < most_dependencies)
      listed_.push_back(id);
}

void eager_copies::complete(answer&& result) {
  handle_ = {};
  over(result);
}

// Who should have answered is not there: what it was about is passed over.
void eager_copies::on_timer() {
  timer_ = 0;
  lane_.close_reply(std::exchange(handle_, {}));
  over(answer{make_api_error(error_code::service_unavailable, "nobody answered")});
}

void eager_copies::over(const answer& result) {
  lane_.cancel_timer(std::exchange(timer_, 0));
  const auto take = std::exchange(take_, nullptr);
  if (take && !result.error)
    take(result);
  lane_.post([this] { work(); });
}

}  // namespace troupe
