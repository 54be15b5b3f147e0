#include "runtime/crypto/sealed_text.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("a sealed text is read with its key and its name only, and not when it was changed") {
  CHECK(rc::check([] {
    const std::string key(32, 'k');
    const std::string nonce(12, 'n');
    const auto secret = *rc::gen::arbitrary<std::string>();
    const auto sealed = seal_text(key, nonce, "client", secret);
    RC_ASSERT(unseal_text(key, "client", sealed) == secret);
    RC_ASSERT_FALSE(unseal_text(key, "other", sealed).has_value());
    RC_ASSERT_FALSE(unseal_text(std::string(32, 'x'), "client", sealed).has_value());
    auto changed = sealed;
    const auto at = *rc::gen::inRange<std::size_t>(2, sealed.size() - 1);
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    RC_ASSERT_FALSE(unseal_text(key, "client", changed).has_value());
  }));
  CHECK_FALSE(unseal_text(std::string(32, 'k'), "client", "").has_value());
  CHECK_FALSE(unseal_text(std::string(32, 'k'), "client", "1:AAAA").has_value());
}
