#pragma once

#include "gateways/events/event_selection.hpp"
#include "gateways/events/event_text.hpp"
#include "gateways/events/log_replay.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class event_hub;
class lane_store;

/// A text that is told to one or many readers.
using feed_text = std::shared_ptr<const std::string>;

/// What stands between the hub and one reader: the events that wait for it, at most 1000, and the
/// replay of those it missed while it was away. Used on one lane.
///
/// What the reader is to be told it takes one after the other; when it is too slow the oldest
/// events are left out, and it is told how many. While a replay is under way events that come are
/// kept behind it; texts of other kinds (answers) keep their place between the events.
class event_feed final : public log_replay::listener {
 public:
  /// `wake` is called when there is something to take after there was nothing.
  event_feed(event_hub& hub, lane_store& store, event_form form, std::function<void()> wake);
  ~event_feed() override;
  event_feed(const event_feed&) = delete;
  event_feed& operator=(const event_feed&) = delete;

  /// From now on these events, instead of others. With `after` those first that came behind this
  /// one. `answer` is told before the first of them.
  void subscribe(event_selection selection, std::optional<event_id> after, std::string answer);

  /// Tells a text of another kind behind everything that came before.
  void say(std::string text);

  /// The next text; null when there is none.
  feed_text take();

  /// For the hub: an event that the reader selected.
  void on_event(const event_id& id, const feed_text& text);

  event_form form() const { return form_; }

  /// The server ends: there will be nothing more.
  void detach();

 private:
  struct entry {
    feed_text text;
    bool is_event = false;
    event_id id;
  };

  void push(entry added);
  void hold(entry added);
  void on_cut() override;
  bool on_replayed(const event& what) override;
  void on_replay_end() override;
  void end_replay();

  event_hub* hub_;
  lane_store& store_;
  const event_form form_;
  std::function<void()> wake_;
  std::uint32_t number_ = 0;  // by which the hub knows this feed; 0: it does not
  event_selection selection_;
  std::deque<entry> waiting_;
  std::size_t events_waiting_ = 0;
  std::uint64_t dropped_ = 0;
  std::shared_ptr<log_replay> replay_;  // null: none is under way
  std::deque<entry> held_;              // what came during a replay
  std::size_t events_held_ = 0;
  bool missed_ = false;  // there were too many: the log has them
};

}  // namespace troupe
