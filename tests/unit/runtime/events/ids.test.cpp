#include "runtime/events/event_id.hpp"
#include "runtime/events/routing_fields.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

namespace troupe {

TEST_CASE("an event id is read as it was written") {
  REQUIRE(rc::check([] {
    event_id id;
    id.ms = *rc::gen::nonNegative<std::int64_t>();
    id.stream = *rc::gen::inRange<std::uint16_t>(0, stream_count);
    id.n = *rc::gen::arbitrary<std::uint64_t>();
    const auto read = parse_event_id(id.text());
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->ms == id.ms);
    RC_ASSERT(read->stream == id.stream);
    RC_ASSERT(read->n == id.n);
  }));
}

TEST_CASE("what is no event id is refused") {
  for (const auto* text : {"",
                           "1",
                           "1-2",
                           "1.2",
                           "1-2.",
                           "-2.3",
                           "1-.3",
                           "1.2-3",
                           "a-1.1",
                           "1-b.1",
                           "1-1.c",
                           "1-64.1",
                           "1-nobody.1",
                           "1-auth",
                           "1-auth.x",
                           "1-published1.1",
                           "1-0x1.1",
                           "1-1.1 ",
                           " 1-1.1",
                           "-1-1.1",
                           "1-1.-1",
                           "1--1.1",
                           "99999999999999999999-1.1",
                           "1-1.99999999999999999999"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_event_id(text).has_value());
  }
}

TEST_CASE("bus 8 routing with reference: keys parse to named fields") {
  constexpr routing_field fields[] = {
      {"routingKeyKind"}, {"taskId"}, {"runId"}, {"workerGroup"}, {"reserved", true}};
  const auto plain = read_routing_fields(fields, "primary.t1._._._");
  REQUIRE(plain.has_value());
  CHECK(*plain ==
        std::vector<std::pair<std::string_view, std::string>>{{"routingKeyKind", "primary"},
                                                              {"taskId", "t1"},
                                                              {"runId", "_"},
                                                              {"workerGroup", "_"},
                                                              {"reserved", "_"}});
  CHECK(read_routing_fields(fields, "primary.t1.0.g.a.b.c")->back().second == "a.b.c");
  CHECK(read_routing_fields(fields, "primary.t1.0.g").has_error());

  constexpr routing_field middle[] = {{"first"}, {"rest", true}, {"last"}};
  const auto split = read_routing_fields(middle, "a..b.c");
  REQUIRE(split.has_value());
  CHECK((*split)[1].second == ".b");
  CHECK((*split)[2].second == "c");

  constexpr routing_field single[] = {{"one"}, {"two"}};
  CHECK(read_routing_fields(single, "a.b.c").has_error());
  CHECK(read_routing_fields(single, "a.b").has_value());
}

}  // namespace troupe
