#include "messages/timestamp.hpp"
#include "messages/ids.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("HT-10 dates are written in one canonical form") {
  CHECK(to_iso(timestamp{0}) == "1970-01-01T00:00:00.000Z");
  CHECK(to_iso(timestamp{1768478400123}) == "2026-01-15T12:00:00.123Z");
}

TEST_CASE("CT-7 fraction digits beyond milliseconds are cut off") {
  CHECK(parse_date_time("2026-01-15T12:00:00.1239999Z") == timestamp{1768478400123});
  CHECK(parse_date_time("2026-01-15T12:00:00.1Z") == timestamp{1768478400100});
}

TEST_CASE("offsets, a missing offset and other separators are read") {
  const timestamp noon{1768478400000};
  CHECK(parse_date_time("2026-01-15T12:00:00Z") == noon);
  CHECK(parse_date_time("2026-01-15t12:00:00z") == noon);
  CHECK(parse_date_time("2026-01-15 12:00:00") == noon);
  CHECK(parse_date_time("2026-01-15T13:30:00+01:30") == noon);
  CHECK(parse_date_time("2026-01-15T10:00:00-02:00") == noon);
}

TEST_CASE("what is no date is refused") {
  for (const auto* text :
       {"", "2026-01-15", "2026-02-30T00:00:00Z", "2026-01-15T24:00:00Z", "2026-01-15T12:00:60Z",
        "2026-01-15T12:00:00.Z", "2026-01-15T12:00:00+1", "x026-01-15T12:00:00Z",
        "2026-13-15T12:00:00Z", "2026-01-15T12:00:00Zjunk"})
    CHECK_FALSE(parse_date_time(text).has_value());
}

TEST_CASE("a year later is the same day, and 29 February becomes 1 March") {
  CHECK(to_iso(one_year_later(*parse_date_time("2024-02-29T10:00:00Z"))) ==
        "2025-03-01T10:00:00.000Z");
  CHECK(to_iso(one_year_later(*parse_date_time("2026-07-04T10:00:00.5Z"))) ==
        "2027-07-04T10:00:00.500Z");
}

TEST_CASE("what is written is read back") {
  CHECK(rc::check([] {
    const timestamp t{*rc::gen::inRange<std::int64_t>(0, 250'000'000'000'000)};
    RC_ASSERT(parse_date_time(to_iso(t)) == t);
  }));
}

TEST_CASE("HT-8 slugids are told from other texts") {
  CHECK(is_slugid("fN1SbArXTPSVFNUvaOlinQ"));
  CHECK_FALSE(is_slugid("-"));
  CHECK_FALSE(is_slugid("fN1SbArXTPSVFNUvaOlin"));
  CHECK_FALSE(is_slugid("fN1SbArX/PSVFNUvaOlinQ"));
  CHECK_FALSE(is_slugid("fN1SbArXAPSVFNUvaOlinQ"));
  CHECK(task_id::parse("fN1SbArXTPSVFNUvaOlinQ")->view() == "fN1SbArXTPSVFNUvaOlinQ");
}
