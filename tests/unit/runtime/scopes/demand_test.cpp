#include "runtime/scopes/demand.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <memory>

using namespace troupe;

namespace {

caller holder(scope_list scopes) {
  caller by;
  by.client_id = "somebody";
  by.authenticated = true;
  by.scopes = std::make_shared<scope_set>(std::move(scopes));
  return by;
}

scope_expression random_expression(int depth) {
  if (depth == 0 || *rc::gen::inRange(0, 3) == 0)
    return scope_expression::one(std::string(1, *rc::gen::element('a', 'b', 'c')));
  std::vector<scope_expression> parts;
  for (int n = *rc::gen::inRange(0, 3); n > 0; --n)
    parts.push_back(random_expression(depth - 1));
  return *rc::gen::arbitrary<bool>() ? scope_expression::all(std::move(parts))
                                     : scope_expression::any(std::move(parts));
}

}  // namespace

TEST_CASE("who makes a call is held against the expression, who only asks is always refused") {
  rc::check([] {
    auto by =
        holder(*rc::gen::container<scope_list>(rc::gen::element<std::string>("a", "b", "c", "*")));
    const auto required = random_expression(3);
    const auto made = demand_scopes(by, required);
    RC_ASSERT(made.has_value() == satisfies(*by.scopes, required));
    if (!made) {
      RC_ASSERT(made.error().code == error_code::insufficient_scopes);
      RC_ASSERT(made.error().details.empty());
      RC_ASSERT(!asked_expression(made.error()));
    }
    by.only_asks = true;
    const auto asked = demand_scopes(by, required);
    RC_ASSERT(!asked.has_value());
    RC_ASSERT(asked_expression(asked.error()) == required);
  });
}
