#include "messages/json_walk.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <utility>
#include <vector>

using namespace troupe;
namespace json = boost::json;

namespace {

using members = std::vector<std::pair<std::string, std::string>>;

std::optional<members> members_of(std::string_view text) {
  members result;
  auto walk = json_walk::members(text);
  while (walk.next())
    result.emplace_back(walk.key(), walk.value());
  return walk.complete() ? std::optional{result} : std::nullopt;
}

std::optional<std::vector<std::string>> entries_of(std::string_view text) {
  std::vector<std::string> result;
  auto walk = json_walk::entries(text);
  while (walk.next())
    result.emplace_back(walk.value());
  return walk.complete() ? std::optional{result} : std::nullopt;
}

std::string some_text() {
  const auto length = *rc::gen::inRange<std::size_t>(0, 12);
  std::string text;
  for (std::size_t i = 0; i < length; ++i)
    text += *rc::gen::elementOf(std::string{"ab\\\"{}[],: \n\x01"});
  return text;
}

json::value some_value(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return static_cast<double>(*rc::gen::inRange(-1000, 1000)) / 8;
    case 4:
      return json::string{some_text()};
    case 5: {
      json::array list;
      for (auto left = *rc::gen::inRange(0, 4); left > 0; --left)
        list.push_back(some_value(depth - 1));
      return list;
    }
    default: {
      json::object object;
      for (auto left = *rc::gen::inRange(0, 4); left > 0; --left)
        object[some_text()] = some_value(depth - 1);
      return object;
    }
  }
}

}  // namespace

TEST_CASE("a walk goes through objects and arrays as they are written") {
  CHECK(members_of("{}") == members{});
  CHECK(members_of(R"({"a":1,"b":{"c":[1,"}"]},"d":"x,\"y"})") ==
        members{{"a", "1"}, {"b", R"({"c":[1,"}"]})"}, {"d", R"("x,\"y")"}});
  CHECK(members_of(" { \"a\" : true ,\n\"b\": [ ] } ") == members{{"a", "true"}, {"b", "[ ]"}});
  CHECK(members_of(R"({"back\\":"slash\\"})") == members{{R"(back\\)", R"("slash\\")"}});
  CHECK(entries_of("[]") == std::vector<std::string>{});
  CHECK(entries_of(R"([1,"a",{"b":[2]}, null])") ==
        std::vector<std::string>{"1", "\"a\"", R"({"b":[2]})", "null"});
}

TEST_CASE("a text that is broken, or something else, is not complete") {
  for (const std::string_view text :
       {"", "{", "[]", "null", "7", "\"{}\"", "{}}", "{} x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{,}", "{\"a\":1 \"b\":2}", "{a:1}", "{\"a\":\"", "{\"a\":\"\\\"}", "{\"a\":[1,2}", "{\"a",
        "{\"a\":{\"b\":1}"}) {
    CAPTURE(text);
    CHECK_FALSE(members_of(text));
  }
  for (const std::string_view text : {"", "[", "{}", "[1,]", "[,1]", "[1 2]", "[1]]", "[\"]"}) {
    CAPTURE(text);
    CHECK_FALSE(entries_of(text));
  }
}

TEST_CASE("a walk finds what a parser finds") {
  CHECK(rc::check([] {
    json::object object;
    for (auto left = *rc::gen::inRange(0, 6); left > 0; --left)
      object[some_text()] = some_value(3);
    const auto text = json::serialize(object);
    auto walk = json_walk::members(text);
    for (const auto& [key, value] : object) {
      RC_ASSERT(walk.next());
      std::string read;
      RC_ASSERT(read_json_string("\"" + std::string{walk.key()} + "\"", read));
      RC_ASSERT(read == std::string{key});
      RC_ASSERT(std::string{walk.value()} == json::serialize(value));
      if (value.is_string()) {
        RC_ASSERT(read_json_string(walk.value(), read));
        RC_ASSERT(read == std::string{value.get_string()});
      }
    }
    RC_ASSERT(!walk.next());
    RC_ASSERT(walk.complete());
  }));
}

TEST_CASE("a text that ends too soon never reads as whole") {
  CHECK(rc::check([] {
    json::object object;
    for (auto left = *rc::gen::inRange(1, 5); left > 0; --left)
      object[some_text()] = some_value(3);
    const auto text = json::serialize(object);
    const auto cut = *rc::gen::inRange<std::size_t>(0, text.size());
    RC_ASSERT(!members_of(std::string_view{text}.substr(0, cut)));
  }));
}

TEST_CASE("strings and numbers are read from their text") {
  std::string text;
  CHECK(read_json_string("\"plain\"", text));
  CHECK(text == "plain");
  CHECK(read_json_string(R"("a\"b\u00e9\n")", text));
  CHECK(text == "a\"b\xc3\xa9\n");
  for (const std::string_view wrong : {"", "\"", "plain", "12", "null", "\"a\"b\"", "\"\\\""}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_json_string(wrong, text));
    CHECK_FALSE(plain_json_string(wrong));
  }
  CHECK(plain_json_string("\"\"") == std::string_view{});
  CHECK_FALSE(plain_json_string(R"("a\\b")"));
  std::uint8_t small = 0;
  CHECK(read_json_number("49", small));
  CHECK(small == 49);
  for (const std::string_view same : {"5", "5.0", "5E0", "0.5e1"}) {
    CAPTURE(same);
    CHECK(read_json_number(same, small));
    CHECK(small == 5);
  }
  std::uint64_t large = 0;
  CHECK(read_json_number("18446744073709551615", large));
  CHECK(large == 18446744073709551615u);
  for (const std::string_view wrong :
       {"", "-1", "300", "1.5", "1e3", "1e300", "256.0", "\"3\"", "7x", " 7", "nan", "inf"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_json_number(wrong, small));
  }
}
