#include "messages/json_writer.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <limits>

using namespace troupe;
namespace json = boost::json;

namespace {

std::string written(const json::value& value) {
  std::string out = "before ";
  append_json(out, value);
  return out.substr(7);
}

std::string some_text() {
  std::string text;
  for (auto left = *rc::gen::inRange(0, 40); left > 0; --left)
    text += static_cast<char>(*rc::gen::oneOf(rc::gen::inRange(0, 256), rc::gen::just<int>('x'),
                                              rc::gen::just<int>('"')));
  return text;
}

json::value some_value(int levels) {
  switch (*rc::gen::inRange(0, levels > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::arbitrary<std::uint64_t>();
    case 4:
      return *rc::gen::arbitrary<double>();
    case 5:
      return json::value(some_text());
    case 6: {
      json::array entries;
      for (auto left = *rc::gen::inRange(0, 4); left > 0; --left)
        entries.push_back(some_value(levels - 1));
      return entries;
    }
    default: {
      json::object members;
      for (auto left = *rc::gen::inRange(0, 4); left > 0; --left)
        members[some_text()] = some_value(levels - 1);
      return members;
    }
  }
}

}  // namespace

TEST_CASE("the text of a value is compact") {
  CHECK(written(json::parse(R"( {"a" : [ ], "b": {}, "c": [1, -2, {"d": null}], "e": true} )")) ==
        R"({"a":[],"b":{},"c":[1,-2,{"d":null}],"e":true})");
  CHECK(written(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(written(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(written("\b\f\n\r\t\"\\/\x01") == R"("\b\f\n\r\t\"\\/\u0001")");
}

TEST_CASE("the text of a value is the one that the library writes") {
  CHECK(rc::check([] {
    const auto value = some_value(3);
    RC_ASSERT(written(value) == json::serialize(value));
  }));
}
