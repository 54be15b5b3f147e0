#pragma once

#include "messages/api_error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// One field of the routing keys of an exchange, in the order of the reference.
struct routing_field {
  std::string_view name;
  bool many_words = false;  ///< takes all words that the fields on both sides leave; at most one
};

/// The fields of a primary routing key by name: one word each from the left up to the field of many
/// words, one each from the right down to it, and the rest for it. A key with too few or too many
/// words is an error.
outcome<std::vector<std::pair<std::string_view, std::string>>> read_routing_fields(
    std::span<const routing_field> fields, std::string_view routing_key);

}  // namespace troupe
