#pragma once

#include "messages/api_error.hpp"

#include <boost/json/fwd.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Which events somebody wants to hear of: those that one of its entries selects.
class event_selection {
 public:
  struct entry {
    std::string exchange;           ///< pattern of words separated by `/`
    std::string routing_key = "#";  ///< pattern of words separated by `.`

    friend bool operator==(const entry&, const entry&) = default;
  };

  event_selection() = default;
  explicit event_selection(std::vector<entry> entries) : entries_(std::move(entries)) {}

  /// Reads a list of `{"exchange", "routingKey"}`, where the latter may be missing or be called
  /// `routingKeyPattern`. The error says what is wrong with which.
  static outcome<event_selection> read(const boost::json::value& list);

  /// The events of one task.
  static event_selection of_task(std::string_view task_id);
  /// The events of a task group and its tasks.
  static event_selection of_group(std::string_view group_id);

  const std::vector<entry>& entries() const { return entries_; }

  /// Adds another one's entries.
  void add(const event_selection& other);

  /// Whether an event with these keys is wanted.
  bool wants(std::string_view exchange, std::string_view routing_key,
             std::span<const std::string> cc) const;

 private:
  std::vector<entry> entries_;
};

/// Whether a pattern of words separated by `/` selects the exchange: `*` is one word, `#` any
/// number of them.
bool selects_exchange(std::string_view pattern, std::string_view exchange);

}  // namespace troupe
