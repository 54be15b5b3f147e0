#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

/// A point in time: UTC milliseconds since the epoch, as every date on the wire is kept.
struct timestamp {
  std::int64_t ms = 0;

  friend constexpr auto operator<=>(timestamp, timestamp) = default;
};

constexpr timestamp operator+(timestamp t, std::chrono::milliseconds d) {
  return {t.ms + d.count()};
}
constexpr timestamp operator-(timestamp t, std::chrono::milliseconds d) {
  return {t.ms - d.count()};
}
constexpr std::chrono::milliseconds operator-(timestamp a, timestamp b) {
  return std::chrono::milliseconds{a.ms - b.ms};
}

/// Appends the canonical form `YYYY-MM-DDTHH:mm:ss.SSSZ` (queue contract 1.5). Years 0..9999.
void append_iso(std::string& out, timestamp t);

/// The canonical form `YYYY-MM-DDTHH:mm:ss.SSSZ`.
std::string to_iso(timestamp t);

/// Reads an RFC 3339 date-time: `T`, `t` or a blank as separator, `Z`, an offset or nothing (UTC),
/// any number of fraction digits (cut to milliseconds). Nothing for anything else: a date alone,
/// 30 February, `:60` seconds (api-conventions section 10).
std::optional<timestamp> parse_date_time(std::string_view text);

/// One calendar year later at the same time of day; 29 February becomes 1 March.
timestamp one_year_later(timestamp t);

}  // namespace troupe
