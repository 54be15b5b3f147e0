#include "gateways/dev/maintenance_round.hpp"

#include "messages/worker_commands.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/store/shard.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

// Much may have expired.
constexpr std::chrono::minutes longest_round{10};

}  // namespace

maintenance_round::maintenance_round(lane& on, switchboard& board, const maintenance_job& job,
                                     timestamp as_of, teller done)
    : lane_(on), board_(board), job_(job), as_of_(as_of), done_(std::move(done)) {}

void maintenance_round::begin() {
  self_ = shared_from_this();
  timer_ = lane_.add_timer(lane_.now() + longest_round, *this);
  next_step();
}

void maintenance_round::on_timer() {
  timer_ = 0;
  finish(make_api_error(error_code::service_unavailable,
                        "The job takes longer than ten minutes; it goes on, so ask again later."));
}

void maintenance_round::next_step() {
  if (step_ == job_.steps.size())
    return finish(removed_);
  ask_shards(job_.steps[step_++]);
}

// A register answers for all shards of its lane, a service for all there is. Nothing is settled
// before all are asked, as some answer at once.
void maintenance_round::ask_shards(expiry_of what) {
  const bool of_service = what == expiry_of::secrets || what == expiry_of::index ||
                          what == expiry_of::clients || what == expiry_of::objects;
  const auto lanes = std::min<std::uint16_t>(lane_.lane_count(), shard_count);
  const auto count = of_service ? 1 : what == expiry_of::queues ? lanes : shard_count;
  ++missing_;
  for (std::uint16_t shard = 0; shard < count; ++shard)
    ask(expire_now{shard, what, as_of_, {}});
  --missing_;
  settle();
}

void maintenance_round::ask_workers(const json::value& told) {
  const auto* list = told.is_object() ? told.get_object().if_contains("workers") : nullptr;
  if (list == nullptr || !list->is_array())
    return;
  for (const auto& entry : list->get_array()) {
    const auto& words = entry.as_array();
    const auto word = [&words](std::size_t i) { return std::string{words.at(i).as_string()}; };
    ask(check_worker{task_queue_id{{word(0)}}, worker_name{word(1), word(2)}, as_of_, {}});
  }
}

template <class Command>
void maintenance_round::ask(Command command) {
  if (!done_)
    return;  // somebody failed
  auto& asked = questions_.emplace_back(*this);
  asked.handle = lane_.open_reply(asked);
  command.reply = asked.handle;
  ++missing_;
  board_.tell(lane_, std::move(command));
}

void maintenance_round::take(question& asked, answer&& result) {
  const auto keep = shared_from_this();
  asked.handle = {};
  if (!done_)
    return;
  --missing_;
  if (result.error)
    return finish(*result.error);
  boost::system::error_code failed;
  const auto told = json::parse(result.body, failed);
  const auto* members = failed ? nullptr : told.if_object();
  if (members == nullptr)
    return finish(make_api_error(error_code::internal_server_error,
                                 "who removes what expired gave no answer that can be read"));
  if (const auto* removed = members->if_contains("removed"))
    removed_ += removed->to_number<std::uint64_t>();
  ++missing_;
  ask_workers(told);
  --missing_;
  settle();
}

void maintenance_round::settle() {
  if (missing_ > 0 || !done_)
    return;
  questions_.clear();
  next_step();
}

void maintenance_round::finish(outcome<std::uint64_t> result) {
  const auto keep = std::exchange(self_, nullptr);
  lane_.cancel_timer(std::exchange(timer_, 0));
  for (auto& asked : questions_)
    if (asked.handle)
      lane_.close_reply(std::exchange(asked.handle, {}));
  if (const auto done = std::exchange(done_, nullptr))
    done(std::move(result));
}

}  // namespace troupe
