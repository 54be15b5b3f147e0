#include "gateways/rest/handlers/lenient_date.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace troupe;

TEST_CASE("PCH-3 since is read as clients of several languages write it") {
  const auto expected = parse_date_time("2020-11-22T02:00:00Z");
  for (const auto* text :
       {"2020-11-22T02:00:00Z", "2020-11-22T02:00:00.000Z", "2020-11-22T03:00:00+01:00",
        "2020-11-22 02:00:00", "Sun, 22 Nov 2020 02:00:00 GMT", "Sun, 22 Nov 2020 02:00:00 +0000",
        "Sun Nov 22 2020 02:00:00 GMT+0000 (Coordinated Universal Time)",
        "Sun Nov 22 2020 03:30:00 GMT+0130", "Sun Nov 22 2020 02:00:00 UTC"}) {
    INFO(text);
    CHECK(parse_lenient_date(text) == expected);
  }
  CHECK(parse_lenient_date("2020-11-22") == parse_date_time("2020-11-22T00:00:00Z"));
  CHECK(parse_lenient_date("Sun, 1 Nov 2020 02:00:00 GMT") ==
        parse_date_time("2020-11-01T02:00:00Z"));
  CHECK(parse_lenient_date("1970-01-01T00:00:00Z") == timestamp{0});
}

TEST_CASE("what is no date is none") {
  for (const auto* text :
       {"", "x", "yesterday", "2020-13-01", "2020-02-30", "Sun Nov 31 2020 02:00:00 GMT+0000",
        "Sun Nov 22 2020", "Sun Nov 22 2020 02:00:00", "Sun Nov 22 2020 02:00:00 GMT+00",
        "Sun Nov 22 2020 02:00:00 GMT+0000 and more", "Sunday, 22-Nov-20 02:00:00 GMT",
        "              "}) {
    INFO(text);
    CHECK_FALSE(parse_lenient_date(text));
  }
}
