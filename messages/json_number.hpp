#pragma once

#include <boost/json/value.hpp>

#include <cmath>
#include <cstdint>
#include <optional>

namespace troupe {

/// The whole number of 64 bits that a JSON value is, in whatever way it is written: 5, 5.0 and 5E0
/// are one. Nothing for others.
inline std::optional<std::int64_t> whole_number(const boost::json::value& value) {
  constexpr double end_of_range = 9223372036854775808.0;
  if (const auto* number = value.if_int64())
    return *number;
  if (const auto* number = value.if_double();
      number != nullptr && std::trunc(*number) == *number && std::abs(*number) < end_of_range)
    return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

}  // namespace troupe
