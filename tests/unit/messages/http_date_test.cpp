#include "messages/http_date.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("dates have the form of HTTP") {
  CHECK(to_http_date({0}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(to_http_date({1'764'000'000'999}) == "Mon, 24 Nov 2025 16:00:00 GMT");
}
