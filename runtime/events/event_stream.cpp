#include "runtime/events/event_stream.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace troupe {

std::string_view stream_name(std::uint16_t stream) {
  static const auto numbers = [] {
    std::array<std::string, shard_count> made;
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = std::to_string(i);
    return made;
  }();
  return stream < shard_count ? std::string_view{numbers[stream]}
                              : service_stream_names[stream - shard_count];
}

std::optional<std::uint16_t> find_stream(std::string_view name) {
  std::uint16_t number = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failed == std::errc{} && end == name.data() + name.size())
    return number < shard_count ? std::optional{number} : std::nullopt;
  const auto* at = std::find(service_stream_names.begin(), service_stream_names.end(), name);
  if (at == service_stream_names.end())
    return std::nullopt;
  return static_cast<std::uint16_t>(shard_count + (at - service_stream_names.begin()));
}

std::string_view stream_key_prefix(std::uint16_t stream) {
  static const auto prefixes = [] {
    std::array<std::string, service_stream_names.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = "troupe:{" + std::string{service_stream_names[i]} + "}:";
    return made;
  }();
  return stream < shard_count ? shard_key_prefix(stream)
                              : std::string_view{prefixes[stream - shard_count]};
}

}  // namespace troupe
