#include "gateways/zeromq/subscription_set.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace troupe {

TEST_CASE("subscriptions are taken as XPUB reports them") {
  subscription_set set;
  CHECK(set.empty());
  CHECK_FALSE(set.wants("a"));
  set.take("");
  set.take("\2whatever");
  CHECK(set.empty());
  set.take("\1exchange/q|");
  CHECK(set.wants("exchange/q|primary.x."));
  CHECK_FALSE(set.wants("exchange/p|primary.x."));
  set.take(std::string_view{"\0exchange/none", 14});
  CHECK(set.wants("exchange/q|primary.x."));
  set.take(std::string_view{"\0exchange/q|", 12});
  CHECK(set.empty());
  set.take("\1");
  CHECK(set.wants("anything"));
}

TEST_CASE("a topic is wanted when a prefix of it was subscribed") {
  REQUIRE(rc::check([] {
    const auto text =
        rc::gen::resize(6, rc::gen::container<std::string>(rc::gen::elementOf(std::string{"ab."})));
    const auto prefixes = *rc::gen::container<std::vector<std::string>>(text);
    const auto topic = *text;
    subscription_set set;
    bool wanted = false;
    for (const auto& prefix : prefixes) {
      set.take("\1" + prefix);
      wanted = wanted || topic.starts_with(prefix);
    }
    RC_ASSERT(set.wants(topic) == wanted);
  }));
}

}  // namespace troupe
