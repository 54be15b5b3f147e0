#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace troupe {

enum class metric_kind : unsigned char { counter, gauge, histogram };

/// `counter`, `gauge` or `histogram`.
std::string_view metric_kind_text(metric_kind kind);

/// A label that tells the values of a metric from each other.
struct metric_label {
  std::string_view name;
  std::string_view description;
};

/// A family of metrics that the server tells; its name stands without the setting `metrics-prefix`.
struct metric_row {
  std::string_view service;  ///< empty: every service has it
  std::string_view name;
  metric_kind kind;
  std::string_view description;
  std::vector<metric_label> labels = {};
};

/// All of them; the only place where they are named (operations contract, section 3).
const std::vector<metric_row>& metric_rows();

/// The row of that name; throws when there is none.
const metric_row& metric_named(std::string_view name);

/// The bounds of `http_request_duration_seconds`.
inline constexpr std::array<double, 7> request_seconds{.01, .05, .1, .5, 1, 5, 10};

}  // namespace troupe
