#include "gateways/events/event_text.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string told(event_form form) {
  const std::vector<std::string> cc{"route.index.a", "route.b\"c"};
  event what;
  what.id = {1764000000000, 7, 42};
  what.exchange = "exchange/x/v1/e";
  what.routing_key = "primary.t";
  what.cc = cc;
  what.payload = R"({"a":1})";
  return event_text(what, form);
}

}  // namespace

TEST_CASE("event text: a message has id, keys and payload") {
  CHECK(told(event_form::message) ==
        R"({"id":"1764000000000-7.42","exchange":"exchange/x/v1/e","routingKey":"primary.t",)"
        R"("cc":["route.index.a","route.b\"c"],"payload":{"a":1}})");
}

TEST_CASE("event text: a server-sent event has its id, and routes without their prefix") {
  CHECK(told(event_form::stream) ==
        "event: message\nid: 1764000000000-7.42\n"
        "data: {\"exchange\":\"exchange/x/v1/e\",\"routingKey\":\"primary.t\","
        "\"redelivered\":false,\"routes\":[\"index.a\",\"b\\\"c\"],\"payload\":{\"a\":1}}\n\n");
}

TEST_CASE("event text: gaps say how much is missing, or since when") {
  CHECK(dropped_text(7, event_form::message) == R"({"gap":{"dropped":7}})");
  CHECK(cut_text({5, 1, 2}, event_form::stream) == "event: gap\ndata: {\"after\":\"5-1.2\"}\n\n");
}
