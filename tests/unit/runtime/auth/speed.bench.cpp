// Not run by default: `test_runtime_auth [.bench]` prints what a request's checks cost.

#include "runtime/auth/authenticate.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/auth/temporary.hpp"

#include <catch2/benchmark/catch_benchmark.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

constexpr timestamp now{1768478400000};
const std::string token = "HBupFDFjkpKe60Iw60Ilb4_kK7-kPWjBzcZ2d4qS1TE";

auth_snapshot some_world(int role_count) {
  std::vector<role> roles = {{"anonymous", {"queue:get-task:*", "index:find-task:*"}}};
  for (int i = 0; i < role_count; ++i)
    roles.push_back({"repo:example.com/owner/" + std::to_string(i) + ":*",
                     {"queue:create-task:low:p" + std::to_string(i) + "/<..>", "queue:route:a.b"}});
  return auth_snapshot{{{"root", token, {"*"}, {now.ms * 2}, false},
                        {"static/taskcluster/queue", token, {"*"}, {now.ms * 2}, false}},
                       std::move(roles)};
}

}  // namespace

TEST_CASE("what authentication costs", "[.bench]") {
  const auto world = some_world(5000);
  const std::string resource = "/api/queue/v1/task/HjA36_vQTwGYG3kG4hl6aA/runs/0/reclaim";
  const signed_target target{"POST", resource, "127.0.0.1", "8080"};
  const credentials root{"root", token, {}};
  const auto plain = sign_header(root, target, now, "n0nce1");
  const credential_issuer issuer{"static/taskcluster/queue", token};
  const scope_list scopes = {"queue:reclaim-task:HjA36_vQTwGYG3kG4hl6aA/0",
                             "queue:resolve-task:HjA36_vQTwGYG3kG4hl6aA/0",
                             "queue:create-artifact:HjA36_vQTwGYG3kG4hl6aA/0",
                             "assume:repo:example.com/owner/17:branch:main"};
  const std::string seed(44, 's');
  const auto issue = [&] {
    return issuer.issue("task-client/HjA36_vQTwGYG3kG4hl6aA/0/on/g/w/until/1768479600.123", scopes,
                        now, {now.ms + 1'200'000}, seed);
  };
  const auto temporary = issue();
  const auto with_certificate = sign_header(temporary, target, now, "n0nce1");
  const auto check = [&](const std::string& header, certificate_cache* cache) {
    return authenticate(world, {"POST", resource, "127.0.0.1", "8080", header, now}, cache);
  };
  REQUIRE(check(plain, nullptr).what == auth_result::status::success);
  REQUIRE(check(with_certificate, nullptr).what == auth_result::status::success);
  certificate_cache cache;
  const auto signed_url =
      resource + "?bewit=" + make_bewit(root, resource, "127.0.0.1", "8080", {now.ms + 100'000});

  BENCHMARK("permanent client") { return check(plain, &cache); };
  BENCHMARK("temporary, remembered") { return check(with_certificate, &cache); };
  BENCHMARK("temporary, first time") { return check(with_certificate, nullptr); };
  BENCHMARK("bewit") {
    return authenticate(world, {"GET", signed_url, "127.0.0.1", "8080", {}, now}, &cache);
  };
  BENCHMARK("issue temporary credentials") { return issue(); };
  BENCHMARK("sign a header") { return sign_header(root, target, now, "n0nce1"); };
}

TEST_CASE("what roles cost", "[.bench]") {
  constexpr int many = 10'000;
  std::vector<role> roles;
  for (int i = 0; i < many; ++i) {
    roles.push_back({"r" + std::to_string(i), {"right:" + std::to_string(i)}});
    for (int below = 10 * i + 1; below <= 10 * i + 10 && below < many; ++below)
      roles.back().scopes.push_back("assume:r" + std::to_string(below));
  }
  std::vector<client_record> clients;
  scope_list thousand;
  for (int i = 0; i < many; ++i)
    clients.push_back({"c/" + std::to_string(i), token, {"assume:r" + std::to_string(i)}, {}, {}});
  for (int i = 0; i < 1000; ++i)
    thousand.push_back("assume:r" + std::to_string(many - 1 - i));
  auto plain = thousand;
  for (int i = 0; i < 999; ++i)
    plain[static_cast<std::size_t>(i)] = "queue:route:some.route." + std::to_string(i);
  const auto expander = role_expander{roles};
  const auto world = auth_snapshot{clients, expander};
  BENCHMARK("a leaf changes") { return expander.with({"r9999", {"other"}}); };
  BENCHMARK("the root comes last") { return expander.without("r0").with(roles.front()); };
  BENCHMARK("a snapshot of other roles") { return world.with_roles(expander.without("r9999")); };
  BENCHMARK("a snapshot of another client") { return world.with_changes({clients[17]}, {}); };
  BENCHMARK("expand 1,000 scopes that are roles") { return expander.expand(thousand); };
  BENCHMARK("expand 1,000 scopes, one of them a role") { return expander.expand(plain); };
  BENCHMARK("expand one role") { return expander.expand({"assume:r9999"}); };
  BENCHMARK("expand all 10,000 roles") { return expander.expand({"assume:r0"}); };
}
