#include "gateways/task_graph/graph_splitter.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

#include <map>

using namespace troupe;

namespace json = boost::json;

namespace {

outcome<void> take_all(graph_splitter& splitter, std::string_view text) {
  TROUPE_CHECK(splitter.take(text));
  return splitter.finish();
}

std::string error_of(std::string_view text, std::size_t bytes = 1000, std::size_t tasks = 3) {
  graph_splitter splitter(bytes, tasks);
  const auto taken = take_all(splitter, text);
  return taken ? "" : taken.error().message;
}

json::value some_json(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
      return *rc::gen::arbitrary<int>();
    case 1:
      return json::value(nullptr);
    case 2:
      return *rc::gen::arbitrary<bool>();
    case 3:
      return json::value(0.25);
    case 4:
      return json::value(
          *rc::gen::container<std::string>(rc::gen::elementOf(std::string{"ab{}[]\"\\:, \n"})));
    case 5: {
      json::array list;
      for (auto n = *rc::gen::inRange(0, 4); n > 0; --n)
        list.push_back(some_json(depth - 1));
      return list;
    }
    default: {
      json::object members;
      for (auto n = *rc::gen::inRange(0, 4); n > 0; --n)
        members[*rc::gen::container<std::string>(rc::gen::elementOf(std::string{"ab{}\"\\,"}))] =
            some_json(depth - 1);
      return members;
    }
  }
}

}  // namespace

TEST_CASE("a body is taken apart into its members and its tasks") {
  graph_splitter splitter(1000, 3);
  REQUIRE(take_all(splitter,
                   R"( { "a": 1 ,"tasks" : { "x":{"b":[1,"}"]}, "y" : 7,"z":"\"" } ,"c":[{}]} )")
              .has_value());
  REQUIRE(splitter.tasks() == 3);
  CHECK(splitter.task(0).key == "x");
  CHECK(splitter.task(0).value == R"({"b":[1,"}"]})");
  CHECK(splitter.task(1).value == "7");
  CHECK(splitter.task(2).value == R"("\"")");
  const auto members = splitter.members();
  REQUIRE(members.size() == 2);
  CHECK(members[0].value == "1");
  CHECK(members[1].key == "c");
  CHECK(members[1].value == "[{}]");
}

TEST_CASE("what is no object says where it is broken") {
  CHECK(error_of("") == "Failed to parse JSON: the text ends too early at byte 0");
  CHECK(error_of("[]") == "Failed to parse JSON: must be an object at byte 0");
  CHECK(error_of("{") == "Failed to parse JSON: the text ends too early at byte 1");
  CHECK(error_of("{}").empty());
  CHECK(error_of("{,}").find("a name in quotes is expected at byte 1") != std::string::npos);
  CHECK(error_of(R"({"a":1,})").find("a name in quotes") != std::string::npos);
  CHECK(error_of(R"({"a"1})").find("a colon") != std::string::npos);
  CHECK(error_of(R"({"a":})").find("a value") != std::string::npos);
  CHECK(error_of(R"({"a":1]})").find("a comma") != std::string::npos);
  CHECK(error_of(R"({"tasks":{"a":1,}})").find("a name in quotes") != std::string::npos);
  CHECK(error_of(R"({"tasks":{},"tasks":{}})").find("twice") != std::string::npos);
  CHECK(error_of("{} {}").find("behind the end") != std::string::npos);
}

TEST_CASE("no more is taken than may be") {
  CHECK(error_of(R"({"a":1})", 6) == "The graph is too large: its body may have 6 bytes");
  CHECK(error_of(R"({"a":1})", 7).empty());
  CHECK(error_of(R"({"tasks":{"a":1,"b":2,"c":3}})").empty());
  CHECK(error_of(R"({"tasks":{"a":1,"b":2,"c":3,"d":4}})") ==
        "A graph may have at most 3 tasks; this one has more");
}

TEST_CASE("a body comes out the same in whatever pieces it came") {
  REQUIRE(rc::check("pieces", [] {
    json::object tasks;
    for (auto n = *rc::gen::inRange(0, 5); n > 0; --n)
      tasks["t" + std::to_string(n)] = some_json(3);
    json::object body;
    body["key"] = some_json(2);
    body["tasks"] = tasks;
    body["more"] = some_json(2);
    const auto text = json::serialize(body);
    graph_splitter splitter(text.size(), 5);
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto size = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
      RC_ASSERT(splitter.take(rest.substr(0, size)).has_value());
      rest.remove_prefix(size);
    }
    RC_ASSERT(splitter.finish().has_value());
    RC_ASSERT(splitter.tasks() == tasks.size());
    for (std::size_t i = 0; i < splitter.tasks(); ++i)
      RC_ASSERT(json::parse(splitter.task(i).value) == tasks.at(splitter.task(i).key));
    RC_ASSERT(splitter.members().size() == 2u);
    for (const auto& [key, value] : splitter.members())
      RC_ASSERT(json::parse(value) == body.at(key));
  }));
}
