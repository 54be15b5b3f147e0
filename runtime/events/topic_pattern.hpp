#pragma once

#include <string_view>

namespace troupe {

/// Whether a binding pattern matches a routing key, word for word as AMQP's topic exchanges do
/// (events contract, section 1): words are separated by dots, `*` stands for exactly one word, `#`
/// for any number of words including none, everything else for itself. The empty key has no words.
bool topic_matches(std::string_view pattern, std::string_view key);

}  // namespace troupe
