#pragma once

#include "messages/api/metrics.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace troupe {

/// The forms in which metrics are told.
enum class metrics_format : std::uint8_t {
  prometheus,    ///< the text format, version 0.0.4
  open_metrics,  ///< OpenMetrics 1.0
};

/// The form that an `Accept` header asks for.
metrics_format metrics_format_for(std::string_view accept);

/// The content type of the form.
std::string_view metrics_content_type(metrics_format format);

/// Writes metrics, family by family.
class metrics_text {
 public:
  using label = std::pair<std::string_view, std::string_view>;
  using labels = std::initializer_list<label>;

  /// Every name begins with the prefix and an underscore, when there is one.
  metrics_text(metrics_format format, std::string_view prefix);

  /// Begins the family of that name; the rest is in `metric_rows`. In OpenMetrics a counter whose
  /// name does not end in `_total` is of unknown type, so that it keeps its name.
  void begin(std::string_view name) { begin(metric_named(name)); }
  void begin(const metric_row& family);

  /// A value of the family that was begun.
  void value(labels of, std::uint64_t number);
  void value(labels of, double number);

  /// A histogram of it. `within` counts what lies up to each bound and beyond the one before, and
  /// then the rest.
  void histogram(labels of, std::span<const double> bounds, std::span<const std::uint64_t> within,
                 double sum);

  /// The whole text.
  std::string finish();

 private:
  void sample(std::string_view suffix, labels of, std::string_view last_name,
              std::string_view last_value, std::string_view number);

  metrics_format format_;
  std::string prefix_;
  std::string name_;
  std::string text_;
};

}  // namespace troupe
