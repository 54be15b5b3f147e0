#include "messages/json_parser.hpp"
#include "messages/task_definition.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <charconv>
#include <cmath>
#include <cstring>

using namespace troupe;
namespace json = boost::json;

namespace {

json::value parsed(std::string_view text) {
  boost::system::error_code failed;
  auto value = parse_json(text, failed);
  INFO(text);
  REQUIRE(!failed);
  return value;
}

bool fails(std::string_view text) {
  boost::system::error_code failed;
  const auto value = parse_json(text, failed);
  return failed.failed() && value.is_null();
}

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

// The shortest text that means this number, as other programs write it.
std::string text_of(double number) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

}  // namespace

TEST_CASE("TK-1 a number is the one its text says, to the last bit") {
  CHECK(rc::check([] {
    const auto bits = *rc::gen::arbitrary<std::uint64_t>();
    double number = 0;
    std::memcpy(&number, &bits, sizeof number);
    RC_PRE(std::isfinite(number));
    const auto read = parsed("[" + text_of(number) + "]").at(0);
    RC_ASSERT(read.to_number<double>() == number);
    // And written it means the same again.
    RC_ASSERT(parsed("[" + json::serialize(read) + "]").at(0) == read);
  }));
  CHECK(rc::check([] {
    const auto number = *rc::gen::inRange(0, 1000000000) / 1e5;
    RC_ASSERT(parsed("[" + text_of(number) + "]").at(0).to_number<double>() == number);
  }));
}

TEST_CASE("a number that nothing can hold is an error, one next to nothing is nothing") {
  for (const auto* huge : {"[1e400]", "[-1e400]", "[1.5e309]", "[1e999999999999]"})
    CHECK(fails(huge));
  CHECK(fails("[" + std::string(400, '9') + "]"));
  CHECK(parsed("[1e-400]").at(0) == 0.0);
  CHECK(parsed("[-1e-400]").at(0) == 0.0);
  CHECK(parsed("[0.00000000000000000000000000000001e-400]").at(0) == 0.0);
  CHECK(parsed("[1.7976931348623157e308]").at(0) == 1.7976931348623157e308);
  CHECK(parsed("[5e-324]").at(0) == 5e-324);
}

TEST_CASE("whole numbers stay whole as far as 64 bits go") {
  CHECK(parsed("[9007199254740993]").at(0) == 9007199254740993);
  CHECK(parsed("[-9223372036854775808]").at(0) == INT64_MIN);
  CHECK(parsed("[18446744073709551615]").at(0) == UINT64_MAX);
  CHECK(parsed("[18446744073709551616]").at(0) == 18446744073709551616.0);
  CHECK(parsed("[123456789012345678901234567890]").at(0) == 123456789012345678901234567890.0);
}

TEST_CASE("texts nest up to the limit and no further") {
  CHECK(!fails(nested(most_json_levels)));
  CHECK(fails(nested(most_json_levels + 1)));
  CHECK(fails(nested(1'000'000)));
}

TEST_CASE("what is no JSON is an error, and the parser goes on with the next text") {
  json_parser parser;
  for (const auto* broken :
       {"", "{", "[1,]", "{\"a\":1,}", "nul", "[1] 2", "'a'", "[\"\x01\"]", "[\"\xff\"]",
        "[\"\\ud800\"]", "[01]", "[.5]", "[NaN]", "[Infinity]", "/**/[]"}) {
    INFO(broken);
    boost::system::error_code failed;
    CHECK(parser.parse(broken, {}, failed).is_null());
    CHECK(failed.failed());
    CHECK(parser.parse(R"({"a":[1.5,"b"]})", {}, failed) ==
          json::value{{"a", json::array{1.5, "b"}}});
    CHECK(!failed);
  }
}

TEST_CASE("the last of several members of one name counts") {
  CHECK(parsed(R"({"a":1,"b":2,"a":3})") == json::value{{"a", 3}, {"b", 2}});
}

TEST_CASE("values are the same when a reader could not tell them apart") {
  auto same = [](const char* a, const char* b) { return same_json(parsed(a), parsed(b)); };
  CHECK(same(R"({"a":1,"b":[2,{"c":3}]})", R"({"b":[2.0,{"c":3e0}],"a":1.0})"));
  CHECK(same("[-0.0]", "[0]"));
  CHECK(same("[18446744073709551615]", "[18446744073709551615]"));
  CHECK(!same("[1,2]", "[2,1]"));
  CHECK(!same("[1]", "[1,1]"));
  CHECK(!same("[1]", "[true]"));
  CHECK(!same(R"({"a":1})", R"({"a":1,"b":1})"));
  CHECK(!same(R"({"a":1})", R"({"b":1})"));
  CHECK(!same("[1]", "[1.0000000000000002]"));
  CHECK(!same("[null]", "[false]"));
}

TEST_CASE("CT-7 the same definition with numbers in another form is the same") {
  const std::string one = R"({"taskQueueId":"a/b","retries":5,"payload":{"x":10}})";
  const std::string two = R"({"payload":{"x":1e1},"taskQueueId":"a/b","retries":5.0})";
  CHECK(same_definition(one, two));
  CHECK(!same_definition(one, R"({"taskQueueId":"a/b","retries":4,"payload":{"x":10}})"));
}

TEST_CASE("a definition that nests as deep as the door allows is read again") {
  const auto deep = nested(most_json_levels - 2);
  const auto text =
      R"({"taskQueueId":"a/b","taskGroupId":"fN1SbArXTPSVFNUvaOlinQ","priority":"low","retries":5,)"
      R"("created":"2026-09-01T10:00:00.000Z","deadline":"2026-09-01T11:00:00.000Z",)"
      R"("expires":"2027-09-01T11:00:00.000Z","payload":{"a":)" +
      deep + R"(},"tags":{"b":"c"}})";
  const auto read = read_definition(text);
  REQUIRE(read.has_value());
  CHECK(read->json == text);
  CHECK(same_definition(text, text + " "));
}
TEST_CASE("a stored definition whose numbers are written otherwise is read again") {
  const std::string head =
      R"({"taskQueueId":"a/b","taskGroupId":"fN1SbArXTPSVFNUvaOlinQ","priority":"low",)"
      R"("created":"2026-09-01T10:00:00.000Z","deadline":"2026-09-01T11:00:00.000Z",)"
      R"("expires":"2027-09-01T11:00:00.000Z","payload":{},"retries":)";
  for (const std::string number : {"5", "5.0", "5E0"}) {
    const auto read = read_definition(head + number + "}");
    REQUIRE(read.has_value());
    CHECK(read->retries == 5);
    CHECK(read->tags_json == "{}");
  }
  CHECK_FALSE(read_definition(head + "\"5\"}"));
  CHECK_FALSE(read_definition(head + "5"));
}
