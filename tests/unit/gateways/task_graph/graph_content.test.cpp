#include "gateways/task_graph/graph_content.hpp"

#include "gateways/task_graph/graph_intake.hpp"
#include "messages/json_parser.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace troupe;

namespace {

digest meaning(std::string_view text) {
  boost::system::error_code failed;
  const auto value = parse_json(text, failed);
  REQUIRE_FALSE(failed);
  return meaning_of(value);
}

const task_id one = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const task_id two = *task_id::parse("AAAAAAAAQAC0000000001A");

}  // namespace

TEST_CASE("the id of a graph is a slugid made of its key") {
  CHECK(graph_id_of("a") == graph_id_of("a"));
  CHECK(graph_id_of("a") != graph_id_of("b"));
  for (int i = 0; i < 200; ++i)
    CHECK(is_slugid(graph_id_of("key " + std::to_string(i)).view()));
}

TEST_CASE("what two texts mean does not depend on how they are written") {
  CHECK(meaning(R"({"a":1,"b":[true,null,"x"]})") ==
        meaning(R"( {"b":[ true,null,"\u0078"],"a":1.0})"));
  CHECK(meaning("5") == meaning("5e0"));
  for (const auto* other : {R"({"a":1,"b":[true,"x",null]})", R"({"a":1})", R"({"a":"1","b":[]})"})
    CHECK(meaning(R"({"a":1,"b":[true,null,"x"]})") != meaning(other));
  CHECK(meaning(R"(["a","b"])") != meaning(R"(["a\",\"b"])"));
  CHECK(meaning("0.25") != meaning("0.5"));
}

TEST_CASE("the content of a graph does not depend on the order of its tasks") {
  const auto a = meaning("1");
  const auto b = meaning("2");
  CHECK(content_of({{one, a}, {two, b}}) == content_of({{two, b}, {one, a}}));
  CHECK(content_of({{one, a}, {two, b}}) != content_of({{one, b}, {two, a}}));
  CHECK(content_of({{one, a}}) != content_of({{one, a}, {two, b}}));
}

TEST_CASE("the key is a short printable text, and the only member besides the tasks") {
  CHECK(*read_graph_key({{"key", R"("a b")"}}) == "a b");
  CHECK(read_graph_key({{"key", '"' + std::string(100, 'k') + '"'}}).has_value());
  for (const std::string bad : {"\"\"", "7", "\"\\u00e4\"", "\"a\\n\"", "\"", "null"})
    CHECK(read_graph_key({{"key", bad}}).error().message.find("'key'") != std::string::npos);
  CHECK(read_graph_key({{"key", '"' + std::string(101, 'k') + '"'}}).has_error());
  CHECK(read_graph_key({}).has_error());
  CHECK(read_graph_key({{"key", "\"a\""}, {"tsks", "{}"}}).error().message.starts_with("'tsks'"));
  CHECK(read_graph_key({{"key", "\"a\""}, {"key", "\"b\""}}).has_error());
}
