#include "runtime/auth/certificate_cache.hpp"

#include "runtime/auth/temporary.hpp"
#include "tests/unit/runtime/auth/some_world.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

const std::string seed(44, 's');

std::string header_of(const credentials& by, timestamp at = now) {
  return sign_header(by, some_target, at, "n0nce");
}

credentials made_by_root(const std::string& name, scope_list scopes = {"a"}) {
  return credential_issuer{root.client_id, root.access_token}.issue(name, scopes, now,
                                                                    {now.ms + 60'000}, seed);
}

}  // namespace

TEST_CASE("a certificate is remembered once its signature was good, not before") {
  const auto world = some_world();
  certificate_cache cache;
  auto thief = made_by_root("x");
  thief.access_token = "guess";
  CHECK(ask(world, header_of(thief), &cache).message == "Unauthorized: Bad mac");
  CHECK(cache.size() == 0);
  CHECK(ask(world, header_of(made_by_root("x")), &cache).what == auth_result::status::success);
  CHECK(cache.size() == 1);
  CHECK(ask(world, header_of(made_by_root("x")), &cache).what == auth_result::status::success);
  CHECK(ask(world, header_of(thief), &cache).message == "Unauthorized: Bad mac");
  CHECK(cache.size() == 1);
}

TEST_CASE("a plain client needs no entry") {
  const auto world = some_world();
  certificate_cache cache;
  CHECK(ask(world, header_of(root), &cache).what == auth_result::status::success);
  CHECK(cache.size() == 0);
}

TEST_CASE("what is remembered is no longer good when it expires") {
  const auto world = some_world();
  certificate_cache cache;
  const auto made = made_by_root("x");
  for (const auto at : {now.ms, now.ms + 60'000, now.ms + 60'001, now.ms + 360'000}) {
    const auto got = ask(world, header_of(made, {at}), &cache, {at});
    CHECK(got.what == auth_result::status::success);
    CHECK(got.expires == timestamp{now.ms + 60'000});
  }
  const timestamp after{now.ms + 360'001};
  CHECK(ask(world, header_of(made, after), &cache, after).message ==
        "ext.certificate.expiry < now");
}

TEST_CASE("a new snapshot makes everything be looked at again") {
  const auto world = some_world();
  certificate_cache cache;
  const auto header = header_of(made_by_root("x"));
  CHECK(ask(world, header, &cache).what == auth_result::status::success);
  auto disabled = some_clients()[0];
  disabled.disabled = true;
  const auto next = world.with_changes({disabled}, {});
  CHECK(ask(*next, header, &cache).message == "Client with clientId 'root' is disabled");
  CHECK(cache.size() == 0);
}

TEST_CASE("it stays small, and what is in use stays in it") {
  const auto world = some_world();
  certificate_cache cache;
  const certificate_cache::entry some{hmac_key{"k"}, world.anonymous(), {now.ms + 1}};
  cache.remember(world, "me", "in use", some);
  for (int i = 0; i < 20'000; ++i) {
    cache.remember(world, "me", std::to_string(i), some);
    if (i % 1000 == 0)
      REQUIRE(cache.find(world, "me", "in use", now) != nullptr);
  }
  CHECK(cache.size() <= 2 * 2048);
  CHECK(cache.find(world, "me", "0", now) == nullptr);
  CHECK(cache.find(world, "you", "in use", now) == nullptr);
  const std::string large(16'000, 'x');
  for (int i = 0; i < 2000; ++i)
    cache.remember(world, "me", large + std::to_string(i), some);
  CHECK(cache.size() < 600);
}
