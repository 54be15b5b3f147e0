#include "gateways/events/event_feed.hpp"

#include "gateways/events/event_hub.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t most_waiting = 1000;
// A replay waits for its reader instead of leaving events out.
constexpr std::size_t replay_ahead = 200;

}  // namespace

event_feed::event_feed(event_hub& hub, lane_store& store, event_form form,
                       std::function<void()> wake)
    : hub_(&hub), store_(store), form_(form), wake_(std::move(wake)) {}

event_feed::~event_feed() { detach(); }

void event_feed::detach() {
  end_replay();
  if (hub_ != nullptr && number_ != 0)
    hub_->leave(number_);
  hub_ = nullptr;
  number_ = 0;
}

void event_feed::subscribe(event_selection selection, std::optional<event_id> after,
                           std::string answer) {
  if (hub_ == nullptr)
    return;
  end_replay();
  selection_ = std::move(selection);
  if (number_ == 0)
    number_ = hub_->join(*this);
  hub_->select(number_, selection_);
  say(std::move(answer));
  if (!after)
    return;
  replay_ = std::make_shared<log_replay>(store_, *this, *after);
  replay_->start();
}

void event_feed::say(std::string text) {
  entry added{std::make_shared<const std::string>(std::move(text)), false, {}};
  if (replay_)
    hold(std::move(added));
  else
    push(std::move(added));
}

void event_feed::on_event(const event_id& id, const feed_text& text) {
  if (replay_)
    hold({text, true, id});
  else
    push({text, true, id});
}

void event_feed::push(entry added) {
  const bool was_empty = waiting_.empty();
  if (added.is_event && events_waiting_ == most_waiting) {
    waiting_.erase(std::find_if(waiting_.begin(), waiting_.end(),
                                [](const entry& known) { return known.is_event; }));
    --events_waiting_;
    ++dropped_;
  }
  events_waiting_ += added.is_event ? 1 : 0;
  waiting_.push_back(std::move(added));
  if (was_empty)
    wake_();
}

// The log has what does not fit, so that another look at it brings it.
void event_feed::hold(entry added) {
  if (added.is_event && events_held_ == most_waiting) {
    std::erase_if(held_, [](const entry& known) { return known.is_event; });
    events_held_ = 0;
    missed_ = true;
  }
  if (added.is_event && missed_)
    return;
  events_held_ += added.is_event ? 1 : 0;
  held_.push_back(std::move(added));
}

feed_text event_feed::take() {
  if (dropped_ > 0)
    return std::make_shared<const std::string>(dropped_text(std::exchange(dropped_, 0), form_));
  if (waiting_.empty())
    return nullptr;
  auto next = std::move(waiting_.front());
  waiting_.pop_front();
  events_waiting_ -= next.is_event ? 1 : 0;
  // It may end by that.
  if (const auto replay = replay_; replay && waiting_.size() < replay_ahead / 2)
    replay->go_on();
  return std::move(next.text);
}

// -- the replay -----------------------------------------------------------------------------------

void event_feed::on_cut() {
  push({std::make_shared<const std::string>(cut_text(replay_->after(), form_)), false, {}});
}

bool event_feed::on_replayed(const event& what) {
  if (selection_.wants(what.exchange, what.routing_key, what.cc))
    push({std::make_shared<const std::string>(event_text(what, form_)), true, what.id});
  return waiting_.size() < replay_ahead;
}

void event_feed::on_replay_end() {
  if (std::exchange(missed_, false))
    return replay_->start();
  const auto replay = replay_;
  auto held = std::exchange(held_, {});
  end_replay();
  for (auto& known : held)
    if (!known.is_event || known.id.n > replay->newest(known.id.stream).n)
      push(std::move(known));
}

void event_feed::end_replay() {
  if (const auto replay = std::exchange(replay_, nullptr))
    replay->let_go();
  events_held_ = 0;
  missed_ = false;
  // Answers that waited for it are still owed.
  for (auto& known : std::exchange(held_, {}))
    if (!known.is_event)
      push(std::move(known));
}

}  // namespace troupe
