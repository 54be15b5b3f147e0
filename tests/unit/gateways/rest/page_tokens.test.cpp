#include "gateways/rest/page_tokens.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("PG-3 a token gives its position back, whatever the limit of the next call") {
  const page_tokens tokens("key");
  CHECK(rc::check("read undoes make", [&tokens](const std::string& position) {
    RC_ASSERT(*tokens.read("listTaskGroup", "group",
                           tokens.make("listTaskGroup", "group", position)) == position);
  }));
}

TEST_CASE("PG-4 API-38 a token that was not made here for this is 400 InputError") {
  const page_tokens tokens("key");
  const auto good = tokens.make("listTaskGroup", "group", "fN1SbArXTPSVFNUvaOlinQ");
  for (const auto& bad :
       {std::string{"this-is-rubbish"}, std::string{"!!"}, std::string{}, good + "A",
        good.substr(1), page_tokens("other").make("listTaskGroup", "group", "x")}) {
    const auto read = tokens.read("listTaskGroup", "group", bad);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == error_code::input_error);
    CHECK(read.error().message == "Invalid continuation token");
  }
  CHECK_FALSE(tokens.read("listTaskGroup", "another", good).has_value());
  CHECK_FALSE(tokens.read("listDependentTasks", "group", good).has_value());
}
