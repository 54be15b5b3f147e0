#include "runtime/events/key_list.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using keys = std::vector<std::string>;

TEST_CASE("CT-13 keys come back as they were, whatever characters they hold") {
  CHECK(rc::check([] {
    const auto some = *rc::gen::nonEmpty(rc::gen::container<keys>(rc::gen::container<std::string>(
        rc::gen::element('a', '.', ' ', '\n', '\\', 'n', '\0', '\r'))));
    keys read;
    split_keys(join_keys(some), read);
    RC_ASSERT(read == some);
  }));
}

TEST_CASE("ordinary keys are kept as they are, one a line") {
  const keys some{"route.index.a.b", "route.c d"};
  CHECK(join_keys(some) == "route.index.a.b\nroute.c d");
}
