#include "gateways/rest/byte_range.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("one range of bytes is cut to the content") {
  using kind = wanted_range::kind;
  const auto part = [](std::string_view header, std::uint64_t size) {
    const auto wanted = read_range(header, size);
    REQUIRE(wanted.what == kind::part);
    return wanted.part;
  };
  CHECK(part("bytes=0-4", 10) == byte_range{0, 4});
  CHECK(part("bytes=5-", 10) == byte_range{5, 9});
  CHECK(part("bytes=5-100", 10) == byte_range{5, 9});
  CHECK(part("bytes=-3", 10) == byte_range{7, 9});
  CHECK(part("bytes=-30", 10) == byte_range{0, 9});
  CHECK(part("bytes=9-9", 10).size() == 1);
  for (const auto* impossible : {"bytes=10-", "bytes=10-12", "bytes=-0"})
    CHECK(read_range(impossible, 10).what == kind::impossible);
  CHECK(read_range("bytes=-1", 0).what == kind::impossible);
  for (const auto* all : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "lines=1-2",
                          "bytes=0-1,3-4", "bytes=1-x", "bytes=99999999999999999999-"})
    CHECK(read_range(all, 10).what == kind::all);
}

TEST_CASE("etags") {
  CHECK(etag_matches("\"a\"", "\"a\""));
  CHECK(etag_matches("\"b\", \"a\"", "\"a\""));
  CHECK(etag_matches("W/\"a\"", "\"a\""));
  CHECK(etag_matches("*", "\"a\""));
  CHECK_FALSE(etag_matches("", "\"a\""));
  CHECK_FALSE(etag_matches("\"b\"", "\"a\""));
}
