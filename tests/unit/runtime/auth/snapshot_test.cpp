#include "runtime/auth/snapshot.hpp"

#include "tests/unit/runtime/auth/some_world.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::test;

namespace {

std::string problem_of(std::vector<client_record> clients, std::vector<role> roles = {}) {
  const auto made = make_snapshot(clients, std::move(roles));
  return made ? std::string{} : made.error().message;
}

client_record some_client() { return {"me", root.access_token, {"a"}, now, false}; }

}  // namespace

TEST_CASE("a snapshot knows what its clients may do, with and without what everybody may") {
  const auto made = make_snapshot(some_clients(), some_roles());
  REQUIRE(made.has_value());
  const auto* client = (*made)->find("some/worker");
  REQUIRE(client != nullptr);
  CHECK(client->expanded()->list() ==
        scope_list{"assume:worker:a", "auth:create-client:some/worker/*", "claim:a"});
  CHECK(client->with_anonymous()->list() == scope_list{"assume:anonymous", "assume:worker:a",
                                                       "auth:create-client:some/worker/*",
                                                       "claim:a", "public:*"});
  CHECK((*made)->anonymous()->list() == scope_list{"assume:anonymous", "public:*"});
  CHECK((*made)->find("nobody") == nullptr);
  CHECK((*made)->roles().expand({"assume:worker:b"}) == scope_list{"assume:worker:b", "claim:b"});
}

TEST_CASE("a change makes another snapshot and leaves the first as it was") {
  const auto first = some_world();
  auto worker_now = some_clients()[1];
  worker_now.scopes = {"assume:worker:b"};
  const auto next = first.with_changes({worker_now, some_client()}, {"off", "nobody"});
  CHECK(next->serial() != first.serial());
  CHECK(next->find("some/worker")->expanded()->satisfies("claim:b"));
  CHECK_FALSE(next->find("some/worker")->expanded()->satisfies("claim:a"));
  CHECK(next->find("me")->with_anonymous()->satisfies("public:x"));
  CHECK(next->find("off") == nullptr);
  CHECK(next->find("root") != nullptr);
  CHECK(first.find("some/worker")->expanded()->satisfies("claim:a"));
  CHECK(first.find("off") != nullptr);
  CHECK(first.find("me") == nullptr);
}

TEST_CASE("other roles give clients other scopes, and leave the first snapshot as it was") {
  const auto first = some_world();
  CHECK(first.find("some/worker")->expanded()->satisfies("claim:a"));
  auto roles = first.roles().with({"worker:*", {"other:<..>"}});
  REQUIRE(roles.has_value());
  const auto next = first.with_roles(*roles);
  CHECK(next->find("some/worker")->expanded()->satisfies("other:a"));
  CHECK_FALSE(next->find("some/worker")->expanded()->satisfies("claim:a"));
  CHECK(first.find("some/worker")->expanded()->satisfies("claim:a"));
  CHECK(next->find("root")->with_anonymous()->satisfies("anything"));
  const auto everybody = next->with_roles(roles->without("anonymous"));
  CHECK(everybody->anonymous()->list() == scope_list{"assume:anonymous"});
  CHECK_FALSE(everybody->find("some/worker")->with_anonymous()->satisfies("public:x"));
  // Its use is noted for all of them.
  everybody->find("root")->used_ms() = 17;
  CHECK(first.find("root")->used_ms() == 17);
}

TEST_CASE("several threads may be the first to ask what a client may do") {
  for (int round = 0; round < 50; ++round) {
    const auto world = some_world().with_roles(role_expander{some_roles()});
    std::vector<std::thread> threads;
    std::array<scope_list, 4> seen;
    for (auto& list : seen)
      threads.emplace_back([&] { list = world->find("some/worker")->with_anonymous()->list(); });
    for (auto& thread : threads)
      thread.join();
    for (const auto& list : seen)
      REQUIRE(list == world->find("some/worker")->with_anonymous()->list());
  }
}

TEST_CASE("a snapshot that came by changes knows what one made at once knows") {
  CHECK(rc::check([] {
    std::map<std::string, client_record> clients;
    std::map<std::string, role> roles;
    auto world =
        std::make_shared<const auth_snapshot>(std::vector<client_record>{}, std::vector<role>{});
    const auto id = [] { return "c" + std::to_string(*rc::gen::inRange(0, 6)); };
    const auto scopes = [] {
      return *rc::gen::container<scope_list>(
          rc::gen::element<std::string>("assume:r1", "assume:r2", "assume:*", "x:1", "x:*", "y"));
    };
    const auto steps = *rc::gen::inRange(1, 20);
    for (int step = 0; step < steps; ++step) {
      switch (*rc::gen::inRange(0, 4)) {
        case 0: {
          const auto key = id();
          clients[key] = {key, std::string(22, 'k'), scopes(), {now.ms + 1}};
          world = world->with_changes({clients[key]}, {});
          break;
        }
        case 1: {
          const auto key = id();
          clients.erase(key);
          world = world->with_changes({}, {key});
          break;
        }
        case 2: {
          const auto name = *rc::gen::element<std::string>("r1", "r2", "anonymous");
          roles[name] = {name, *rc::gen::element(scope_list{"a"}, scope_list{"b:*"}, scope_list{})};
          std::vector<role> all;
          for (const auto& [_, entry] : roles)
            all.push_back(entry);
          world = world->with_roles(role_expander{std::move(all)});
          break;
        }
        default: {  // whoever is looked up has its rights made
          const auto key = id();
          const auto* known = world->find(key);
          RC_ASSERT((known != nullptr) == clients.contains(key));
          if (known != nullptr)
            RC_ASSERT(known->with_anonymous()->list() ==
                      world->expand_with_anonymous(known->expanded()->list())->list());
        }
      }
    }
    std::vector<client_record> every_client;
    for (const auto& [_, entry] : clients)
      every_client.push_back(entry);
    const auth_snapshot fresh{every_client, world->roles()};
    for (const auto& [key, _] : clients) {
      RC_ASSERT(world->find(key)->expanded()->list() == fresh.find(key)->expanded()->list());
      RC_ASSERT(world->find(key)->with_anonymous()->list() ==
                fresh.find(key)->with_anonymous()->list());
    }
  }));
}

TEST_CASE("records from outside that cannot be used are named") {
  CHECK(problem_of({some_client()}) == "");
  auto client = some_client();
  client.client_id = "no blanks";
  CHECK(problem_of({client}) ==
        "client 'no blanks': an id consists of letters, digits and !@/:.+|_-");
  client = some_client();
  client.access_token = "short";
  CHECK(problem_of({client}) ==
        "client 'me': its access token must be 22 to 66 letters, digits, "
        "underscores and dashes");
  client = some_client();
  client.scopes = {"a**"};
  CHECK(problem_of({client}) == "client 'me' has the scope 'a**': scopes must not end with `**`");
  client.scopes = {"\xc3\xa9"};
  CHECK(problem_of({client}) ==
        "client 'me' has a scope with characters other than printable ASCII");
  CHECK(problem_of({some_client(), some_client()}) == "client 'me' is given twice");
  CHECK(problem_of({}, {{"", {}}}) == "role '': an id consists of printable ASCII");
  CHECK(problem_of({}, {{"a", {}}, {"a", {}}}) == "role 'a' is given twice");
  CHECK(problem_of({}, {{"a", {"b**"}}}) ==
        "role 'a' has the scope 'b**': scopes must not end with `**`");
  CHECK(problem_of({}, {{"anonymous", {"*"}}})
            .starts_with("Roles may not contain dependency cycles"));
}

TEST_CASE("root URLs are split into the host and port that signatures name") {
  const auto split = [](std::string_view url) {
    const auto made = split_root_url(url);
    return made.host + " " + made.port;
  };
  CHECK(split("https://tc.example.com") == "tc.example.com 443");
  CHECK(split("https://tc.example.com/") == "tc.example.com 443");
  CHECK(split("http://example.com") == "example.com 80");
  CHECK(split("http://127.0.0.1:8080/x") == "127.0.0.1 8080");
  CHECK(split("http://[::1]:8080") == "[::1] 8080");
  CHECK(split("https://[::1]") == "[::1] 443");
  CHECK(split("example.com:81") == "example.com 81");
}
