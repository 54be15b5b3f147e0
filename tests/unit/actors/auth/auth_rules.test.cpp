#include "actors/auth/auth_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace troupe;

namespace {

auth_client some_client(std::string id, scope_list scopes = {"a:b"}) {
  auth_client client;
  client.record = {std::move(id), "0123456789012345678901234", std::move(scopes),
                   timestamp{4'000'000'000'000}, false};
  return client;
}

}  // namespace

TEST_CASE(
    "STC-1 a configured client is there with its scopes, and gone without its configuration") {
  auth_setup setup;
  setup.static_clients = {some_client("static/taskcluster/root", {"*"}),
                          some_client("static/ci", {"queue:ping"})};
  const auto opened = open_auth_with(setup);
  REQUIRE(opened.has_value());
  CHECK(opened->clients.at("static/ci").is_static);
  const auto snapshot = snapshot_of(*opened);
  REQUIRE(snapshot.has_value());
  REQUIRE((*snapshot)->find("static/taskcluster/root"));
  REQUIRE((*snapshot)->find("static/ci"));
  CHECK((*snapshot)->find("static/ci")->expanded->list() == scope_list{"queue:ping"});
  setup.static_clients.pop_back();
  CHECK((*snapshot_of(*open_auth_with(setup)))->find("static/ci") == nullptr);
}

TEST_CASE("everybody may do what the role anonymous says") {
  auth_setup setup;
  setup.anonymous_scopes = {"queue:status:*"};
  const auto snapshot = snapshot_of(*open_auth_with(setup));
  REQUIRE(snapshot.has_value());
  const auto& may = (*snapshot)->anonymous()->list();
  CHECK(std::find(may.begin(), may.end(), "queue:status:*") != may.end());
}

TEST_CASE("bad configuration is named in a line") {
  auth_setup twice;
  twice.static_clients = {some_client("static/ci"), some_client("static/ci")};
  const auto refused = open_auth_with(twice);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("'static/ci' is given twice") != std::string::npos);
  auth_setup starred;
  starred.static_clients = {some_client("static/ci", {"a:**"})};
  const auto snapshot = snapshot_of(*open_auth_with(starred));
  REQUIRE_FALSE(snapshot.has_value());
  CHECK(snapshot.error().message.find("static/ci") != std::string::npos);
  auth_setup loose;
  loose.anonymous_scopes = {"queue:**"};
  CHECK_FALSE(snapshot_of(*open_auth_with(loose)).has_value());
}

TEST_CASE("a snapshot has exactly the clients of the configuration") {
  CHECK(rc::check([] {
    const auto numbers = *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 50));
    auth_setup setup;
    for (const int number : numbers)
      setup.static_clients.push_back(some_client("static/c" + std::to_string(number)));
    const auto snapshot = snapshot_of(*open_auth_with(setup));
    RC_ASSERT(snapshot.has_value());
    for (int number = 0; number < 50; ++number) {
      const bool found = (*snapshot)->find("static/c" + std::to_string(number)) != nullptr;
      RC_ASSERT(found == numbers.contains(number));
    }
  }));
}
