#include "gateways/events/event_selection.hpp"

#include "runtime/events/topic_pattern.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t most_entries = 256;
constexpr std::size_t longest_pattern = 255;
constexpr std::string_view queue_exchanges = "exchange/taskcluster-queue/v1/*";

api_error bad(std::string text) {
  return make_api_error(error_code::invalid_request_arguments, std::move(text));
}

outcome<std::string> read_pattern(const json::object& entry, std::string_view name,
                                  std::string_view otherwise) {
  const auto* value = entry.if_contains(name);
  if (value == nullptr)
    return std::string{otherwise};
  if (!value->is_string() || value->get_string().size() > longest_pattern)
    return bad("\"" + std::string{name} + "\" must be a text of at most " +
               std::to_string(longest_pattern) + " characters");
  return std::string{value->get_string()};
}

// Slashes part words, and dots are nothing special.
std::string with_dots(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    c = c == '/' ? '.' : c == '.' ? '\x1f' : c;
  return out;
}

}  // namespace

bool selects_exchange(std::string_view pattern, std::string_view exchange) {
  return topic_matches(with_dots(pattern), with_dots(exchange));
}

outcome<event_selection> event_selection::read(const json::value& list) {
  const auto* entries = list.if_array();
  if (entries == nullptr || entries->size() > most_entries)
    return bad("a subscription is a list of at most " + std::to_string(most_entries) +
               " objects like {\"exchange\": \"exchange/taskcluster-queue/v1/#\"}");
  std::vector<entry> read;
  for (const auto& value : *entries) {
    const auto* object = value.if_object();
    if (object == nullptr || !object->contains("exchange"))
      return bad("every entry of a subscription is an object with an \"exchange\", not " +
                 json::serialize(value).substr(0, longest_pattern));
    entry made;
    TROUPE_TRY(made.exchange, read_pattern(*object, "exchange", {}));
    const bool older = object->contains("routingKeyPattern");
    TROUPE_TRY(made.routing_key,
               read_pattern(*object, older ? "routingKeyPattern" : "routingKey", "#"));
    read.push_back(std::move(made));
  }
  return event_selection{std::move(read)};
}

event_selection event_selection::of_task(std::string_view task_id) {
  return event_selection{
      {{std::string{queue_exchanges}, "primary." + std::string{task_id} + ".#"}}};
}

// Keys of tasks have the group as their ninth word, those of groups as their second.
event_selection event_selection::of_group(std::string_view group_id) {
  const std::string id{group_id};
  return event_selection{{{std::string{queue_exchanges}, "primary.*.*.*.*.*.*.*." + id + ".#"},
                          {std::string{queue_exchanges}, "primary." + id + ".#"}}};
}

void event_selection::add(const event_selection& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

bool event_selection::wants(std::string_view exchange, std::string_view routing_key,
                            std::span<const std::string> cc) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const entry& wanted) {
    if (!selects_exchange(wanted.exchange, exchange))
      return false;
    return topic_matches(wanted.routing_key, routing_key) ||
           std::any_of(cc.begin(), cc.end(), [&](const std::string& key) {
             return topic_matches(wanted.routing_key, key);
           });
  });
}

}  // namespace troupe
