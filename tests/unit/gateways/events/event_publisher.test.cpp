#include "gateways/events/event_publisher.hpp"

#include "runtime/scopes/scope.hpp"

#include <boost/json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <memory>

namespace troupe {

namespace {

outcome<publication> read(const std::string& text) {
  return publication::read(boost::json::parse(text));
}

caller with(scope_list scopes) {
  caller by;
  by.client_id = "c";
  by.authenticated = true;
  by.scopes = std::make_shared<const scope_set>(std::move(scopes));
  return by;
}

}  // namespace

TEST_CASE("dev mode 2 a publication is read, and what is missing is empty") {
  const auto whole = read(
      R"({"exchange":"exchange/a/v1/b","routingKey":"x.y","routes":["r","s.t"],"payload":{"n":1}})");
  REQUIRE(whole.has_value());
  CHECK(whole->exchange == "exchange/a/v1/b");
  CHECK(whole->routing_key == "x.y");
  CHECK(whole->cc == std::vector<std::string>{"route.r", "route.s.t"});
  CHECK(whole->payload == R"({"n":1})");
  const auto least = read(R"({"exchange":"exchange/a"})");
  REQUIRE(least.has_value());
  CHECK(least->routing_key.empty());
  CHECK(least->cc.empty());
  CHECK(least->payload == "{}");
}

TEST_CASE("dev mode 2 a publication that makes no sense is refused") {
  const std::string many(256, 'x');
  for (const auto& text : std::vector<std::string>{
           "7", "{}", R"({"exchange":1})", R"({"exchange":"other/a"})",
           R"({"exchange":"exchange/"})", R"({"exchange":"exchange/a/"})",
           R"({"exchange":"exchange/a b"})", R"({"exchange":"exchange/a|b"})",
           R"({"exchange":"exchange/*"})", "{\"exchange\":\"exchange/" + many + "\"}",
           R"({"exchange":"exchange/a","routingKey":null})",
           "{\"exchange\":\"exchange/a\",\"routingKey\":\"" + many + "\"}",
           R"({"exchange":"exchange/a","routes":{}})", R"({"exchange":"exchange/a","routes":[1]})",
           R"({"exchange":"exchange/a","payload":1})", R"({"exchange":"exchange/a","more":1})"}) {
    CAPTURE(text);
    const auto made = read(text);
    REQUIRE(made.has_error());
    CHECK(made.error().code == error_code::input_error);
    CHECK(made.error().message.size() > 20);
  }
}

TEST_CASE("dev mode 2 the scope names the exchange") {
  const auto one = with({"events:publish:exchange/a/*"});
  CHECK(may_publish(one, "exchange/a/b").has_value());
  CHECK(may_publish(one, "exchange/b").has_error());
  CHECK(may_publish_somewhere(one));
  CHECK(may_publish_somewhere(with({"*"})));
  CHECK(may_publish_somewhere(with({"events:*"})));
  CHECK(may_publish_somewhere(with({"events:publish:exchange/x"})));
  CHECK_FALSE(may_publish_somewhere(with({"web:read-pulse", "events:read"})));
  CHECK_FALSE(may_publish_somewhere(with({})));
}

}  // namespace troupe
