#include "gateways/events/event_hub.hpp"

#include "runtime/lane/lane.hpp"

#include <algorithm>
#include <array>

namespace troupe {

std::uint32_t event_hub::join(event_feed& feed) {
  const auto number = next_number_++;
  members_[number].feed = &feed;
  has_feeds_.store(true, std::memory_order_release);
  return number;
}

void event_hub::leave(std::uint32_t number) {
  const auto found = members_.find(number);
  if (found == members_.end())
    return;
  unbind(number, found->second);
  members_.erase(found);
  has_feeds_.store(!members_.empty(), std::memory_order_release);
}

void event_hub::select(std::uint32_t number, const event_selection& wanted) {
  auto& known = members_.at(number);
  unbind(number, known);
  known.wanted = wanted;
  for (const auto& exchange : exchanges_)
    bind(number, known, exchange);
}

void event_hub::bind(std::uint32_t number, const member& of, const std::string& exchange) {
  for (const auto& entry : of.wanted.entries())
    if (selects_exchange(entry.exchange, exchange))
      trie_.bind(exchange, entry.routing_key, number);
}

void event_hub::unbind(std::uint32_t number, const member& of) {
  for (const auto& exchange : exchanges_)
    for (const auto& entry : of.wanted.entries())
      if (selects_exchange(entry.exchange, exchange))
        trie_.unbind(exchange, entry.routing_key, number);
}

void event_hub::learn(std::string_view exchange) {
  const auto& name = *exchanges_.emplace(exchange).first;
  for (const auto& [number, known] : members_)
    bind(number, known, name);
}

void event_hub::detach_all() {
  std::vector<event_feed*> feeds;
  for (const auto& [number, known] : members_)
    feeds.push_back(known.feed);
  for (auto* feed : feeds)
    feed->detach();
}

void event_hub::on_event(const event& what) {
  if (!members_.empty())
    tell(what);
  const bool others_listen = std::any_of(all_.begin(), all_.end(), [this](const event_hub* hub) {
    return hub != this && hub->has_feeds_.load(std::memory_order_acquire);
  });
  if (!others_listen)
    return;
  if (!for_others_)
    for_others_ = std::make_shared<batch>();
  for_others_->emplace_back(what);
}

// Posted before the requests are answered, so that what their clients do next comes behind it on
// every lane.
void event_hub::on_group_end() {
  const std::shared_ptr<const batch> events = std::exchange(for_others_, nullptr);
  if (!events)
    return;
  for (auto* hub : all_)
    if (hub != this && hub->has_feeds_.load(std::memory_order_acquire))
      hub->on_.post([hub, events] {
        for (const auto& known : *events)
          hub->tell(known.view());
      });
}

void event_hub::tell(const event& what) {
  if (!exchanges_.contains(what.exchange))
    learn(what.exchange);
  trie_.match(what.exchange, what.routing_key, what.cc, told_);
  // Written once for all who read the same form.
  std::array<feed_text, 2> texts;
  for (const auto number : told_) {
    const auto found = members_.find(number);
    if (found == members_.end())
      continue;
    auto& feed = *found->second.feed;
    auto& text = texts[static_cast<std::size_t>(feed.form())];
    if (!text)
      text = std::make_shared<const std::string>(event_text(what, feed.form()));
    feed.on_event(what.id, text);
  }
}

}  // namespace troupe
