#pragma once

#include "gateways/events/event_feed.hpp"
#include "gateways/events/kept_event.hpp"
#include "runtime/events/event.hpp"
#include "runtime/events/topic_trie.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe {

class lane;

/// The feeds of one lane. Hears of the events that its lane commits, tells them to its feeds, and
/// passes them on to the hubs of other lanes that have any, all before the requests that caused
/// them are answered. An event costs by who wants it, not by how many want others.
class event_hub final : public event_listener {
 public:
  explicit event_hub(lane& on) : on_(on) {}

  /// The hubs of all lanes; before they run.
  void attach_peers(std::vector<event_hub*> all) { all_ = std::move(all); }

  /// A feed of this lane; its number, by which it is known from now on.
  std::uint32_t join(event_feed& feed);
  void leave(std::uint32_t number);

  /// What the feed wants, instead of what it wanted before.
  void select(std::uint32_t number, const event_selection& wanted);

  /// Ends all feeds: who reads is told nothing more.
  void detach_all();

  void on_event(const event& what) override;
  void on_group_end() override;

 private:
  using batch = std::vector<kept_event>;

  struct member {
    event_feed* feed = nullptr;
    event_selection wanted;
  };

  void tell(const event& what);
  void learn(std::string_view exchange);
  void bind(std::uint32_t number, const member& of, const std::string& exchange);
  void unbind(std::uint32_t number, const member& of);

  lane& on_;
  std::vector<event_hub*> all_;
  std::atomic<bool> has_feeds_{false};  // other lanes ask
  std::unordered_map<std::uint32_t, member> members_;
  std::uint32_t next_number_ = 1;
  // Patterns of exchanges are looked at once for each exchange there is.
  std::set<std::string, std::less<>> exchanges_;
  topic_trie trie_;
  std::vector<topic_trie::subscriber> told_;
  std::shared_ptr<batch> for_others_;
};

}  // namespace troupe
