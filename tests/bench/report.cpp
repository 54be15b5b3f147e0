#include "tests/bench/report.hpp"

#include "tests/bench/text.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace troupe_load {

namespace {

std::string fixed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

}  // namespace

void report::key(std::string_view name) {
  if (out_.back() != '{')
    out_ += ',';
  out_.append("\"").append(json_escape(name)).append("\":");
}

void report::text(std::string_view name, std::string_view value) {
  key(name);
  out_.append("\"").append(json_escape(value)).append("\"");
}

void report::count(std::string_view name, long long value) {
  key(name);
  out_ += std::to_string(value);
}

void report::real(std::string_view name, double value, int decimals) {
  key(name);
  out_ += fixed(value, decimals);
}

void report::reals(std::string_view name, const std::vector<double>& values, int decimals) {
  key(name);
  out_ += '[';
  for (const double value : values) {
    if (out_.back() != '[')
      out_ += ',';
    out_ += fixed(value, decimals);
  }
  out_ += ']';
}

void report::percentiles(std::string_view name, std::vector<float> values) {
  if (values.empty())
    return;
  std::sort(values.begin(), values.end());
  const auto size = static_cast<double>(values.size());
  const auto at = [&](double part) {
    return double{values[std::min(values.size() - 1, static_cast<std::size_t>(part * size))]};
  };
  open(name);
  count("n", static_cast<long long>(values.size()));
  real("mean", std::accumulate(values.begin(), values.end(), 0.0) / size, 1);
  real("p50", at(.5), 1);
  real("p90", at(.9), 1);
  real("p99", at(.99), 1);
  real("p999", at(.999), 1);
  real("min", double{values.front()}, 1);
  real("max", double{values.back()}, 1);
  close();
}

void report::open(std::string_view name) {
  key(name);
  out_ += '{';
}

void report::close() { out_ += '}'; }

void report::print() {
  close();
  std::puts(out_.c_str());
  std::fflush(stdout);
}

}  // namespace troupe_load
