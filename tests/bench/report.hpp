#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

/// One line of JSON, written member by member.
class report {
 public:
  report() { out_ = "{"; }

  void text(std::string_view name, std::string_view value);
  void count(std::string_view name, long long value);
  void real(std::string_view name, double value, int decimals);
  /// Number, mean, percentiles and extremes of what was measured; nothing where there is nothing.
  void percentiles(std::string_view name, std::vector<float> values);
  void reals(std::string_view name, const std::vector<double>& values, int decimals);
  void open(std::string_view name);
  void close();

  /// Ends the line and prints it.
  void print();

 private:
  void key(std::string_view name);

  std::string out_;
};

}  // namespace troupe_load
