#include "runtime/events/binding.hpp"

#include "runtime/events/topic_pattern.hpp"

#include <algorithm>

namespace troupe {

std::string topic_frame(std::string_view exchange, std::string_view key) {
  std::string topic;
  topic.reserve(exchange.size() + key.size() + 2);
  topic += exchange;
  topic += '|';
  topic += key;
  topic += '.';
  return topic;
}

std::string binding::zeromq_prefix() const {
  auto prefix = exchange + '|';
  std::string_view rest = pattern;
  while (!rest.empty()) {
    const auto word = rest.substr(0, rest.find('.'));
    if (word == "*" || word == "#")
      return prefix;
    prefix += word;
    prefix += '.';
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  return prefix;
}

bool binding::matches(std::string_view of_exchange, std::string_view routing_key,
                      std::span<const std::string> cc) const {
  return of_exchange == exchange && (topic_matches(pattern, routing_key) ||
                                     std::any_of(cc.begin(), cc.end(), [this](const auto& key) {
                                       return topic_matches(pattern, key);
                                     }));
}

}  // namespace troupe
