#include "gateways/metrics/metrics_text.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>

using namespace troupe;

namespace {

std::string written(metrics_format format, std::string_view prefix = {}) {
  metrics_text out(format, prefix);
  out.begin({"", "calls_total", metric_kind::counter, "Calls"});
  out.value({{"name", "a\"b\\c\nd"}}, std::uint64_t{3});
  out.begin({"", "done", metric_kind::counter, "Done"});
  out.value({}, std::uint64_t{7});
  out.begin({"", "share", metric_kind::gauge, "A share"});
  out.value({{"of", "x"}, {"in", "y"}}, 0.25);
  return out.finish();
}

}  // namespace

TEST_CASE("metrics: text format with escaped labels") {
  CHECK(written(metrics_format::prometheus) ==
        "# HELP calls_total Calls\n# TYPE calls_total counter\n"
        "calls_total{name=\"a\\\"b\\\\c\\nd\"} 3\n"
        "# HELP done Done\n# TYPE done counter\ndone 7\n"
        "# HELP share A share\n# TYPE share gauge\nshare{of=\"x\",in=\"y\"} 0.25\n");
}

TEST_CASE("metrics: OpenMetrics names a family without _total, and keeps every sample's name") {
  CHECK(written(metrics_format::open_metrics, "ci") ==
        "# HELP ci_calls Calls\n# TYPE ci_calls counter\n"
        "ci_calls_total{name=\"a\\\"b\\\\c\\nd\"} 3\n"
        "# HELP ci_done Done\n# TYPE ci_done unknown\nci_done 7\n"
        "# HELP ci_share A share\n# TYPE ci_share gauge\nci_share{of=\"x\",in=\"y\"} 0.25\n"
        "# EOF\n");
}

TEST_CASE("metrics: the buckets of a histogram add up") {
  metrics_text out(metrics_format::prometheus, {});
  out.begin({"", "seconds", metric_kind::histogram, "Time"});
  const std::array<double, 2> bounds{0.5, 1};
  const std::array<std::uint64_t, 3> within{2, 0, 1};
  out.histogram({{"name", "a"}}, bounds, within, 3.5);
  CHECK(out.finish() ==
        "# HELP seconds Time\n# TYPE seconds histogram\n"
        "seconds_bucket{name=\"a\",le=\"0.5\"} 2\nseconds_bucket{name=\"a\",le=\"1\"} 2\n"
        "seconds_bucket{name=\"a\",le=\"+Inf\"} 3\n"
        "seconds_sum{name=\"a\"} 3.5\nseconds_count{name=\"a\"} 3\n");
}

TEST_CASE("metrics: the form follows what is accepted") {
  CHECK(metrics_format_for("") == metrics_format::prometheus);
  CHECK(metrics_format_for("text/plain;version=0.0.4;q=0.5,*/*") == metrics_format::prometheus);
  CHECK(metrics_format_for("application/openmetrics-text;version=1.0.0,text/plain;q=0.5") ==
        metrics_format::open_metrics);
}
