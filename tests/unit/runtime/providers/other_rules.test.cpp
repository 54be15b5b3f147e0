#include "runtime/providers/aws_rules.hpp"
#include "runtime/providers/gcp_rules.hpp"
#include "runtime/providers/github_rules.hpp"
#include "runtime/providers/sentry_rules.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr timestamp now{1'700'000'000'000};

sentry_account sentry() { return {"https://sentry.io", "token", "an org", "team", "ours"}; }

sentry_key key_until(timestamp end) { return {"id", "secret", "public", end}; }

}  // namespace

TEST_CASE("S3-1 a policy allows no more than the level says, below the prefix") {
  const auto actions = [](const s3_grant& grant) {
    json::array all;
    const auto policy = json::parse(s3_policy(grant));
    for (const auto& statement : policy.at("Statement").as_array())
      for (const auto& action : statement.at("Action").as_array())
        all.push_back(action);
    return json::serialize(all);
  };
  const auto reading = actions({"bucket", "a/b/", true});
  const auto writing = actions({"bucket", "a/b/", false});
  CHECK(reading.find("GetObject") != std::string::npos);
  CHECK(reading.find("PutObject") == std::string::npos);
  CHECK(reading.find("DeleteObject") == std::string::npos);
  CHECK(writing.find("PutObject") != std::string::npos);
  CHECK(writing.find("DeleteObject") != std::string::npos);
  CHECK(s3_policy({"bucket", "a/b/", true}).find("arn:aws:s3:::bucket/a/b/*") != std::string::npos);
}

TEST_CASE("S3-1 the account of a bucket is the one that lists it") {
  const std::vector<aws_account> accounts{{"1", "s", "r", "e", {"a", "b"}},
                                          {"2", "s", "r", "e", {"c"}}};
  REQUIRE(account_of_bucket(accounts, "c") != nullptr);
  CHECK(account_of_bucket(accounts, "c")->access_key_id == "2");
  CHECK(account_of_bucket(accounts, "d") == nullptr);
}

TEST_CASE("SEN-1 labels tell keys of ours from others, and when they end") {
  const auto label = sentry_label("ours", now);
  CHECK(label == "ours managed (expires-at:2023-11-14T22:13:20.000Z)");
  CHECK(sentry_expiry("ours", label) == now);
  for (const char* other : {"ours", "", "ours managed (expires-at:never)", "theirs managed (x)",
                            "ours managed (expires-at:2023-11-14T22:13:20.000Z"})
    CHECK_FALSE(sentry_expiry("ours", other).has_value());
  CHECK_FALSE(sentry_expiry("else", label).has_value());
}

TEST_CASE("SEN-1 a key is used again while it lasts for more than 25 hours, and deleted in time") {
  CHECK(reusable_key({}, now) == nullptr);
  CHECK(reusable_key({key_until(now + 25h)}, now) == nullptr);
  const std::vector<sentry_key> keys{key_until(now + 26h), key_until(now + 40h),
                                     key_until(now + 1h)};
  CHECK(reusable_key(keys, now) == &keys[1]);
  CHECK(sentry_key_end(now) == now + 48h);
  CHECK_FALSE(sentry_key_is_over(key_until(now - 15min), now));
  CHECK(sentry_key_is_over(key_until(now - 16min), now));
}

TEST_CASE("SEN-1 the token goes to no other server than the one it is for") {
  const auto next = [](std::string link) {
    return sentry_next_page(sentry(), {200, {{"link", std::move(link)}}});
  };
  CHECK(next("<https://sentry.io/api/0/x?cursor=1>; rel=\"next\"; results=\"true\"") ==
        "/api/0/x?cursor=1");
  CHECK(next("<https://sentry.io/p>; rel=\"previous\"; results=\"true\", "
             "<https://sentry.io/n>; rel=\"next\"; results=\"true\"") == "/n");
  CHECK(next("<https://sentry.io/n>; rel=\"next\"; results=\"false\"").empty());
  CHECK(next("<https://sentry.io.evil.example/n>; rel=\"next\"; results=\"true\"").empty());
  CHECK(next("<http://evil.example/n>; rel=\"next\"; results=\"true\"").empty());
  CHECK(next("nonsense, <, >;").empty());
}

TEST_CASE("SEN-1 names are encoded, and answers that are none are errors") {
  CHECK(sentry_list_keys(sentry(), "p").target == "/api/0/projects/an%20org/p/keys/");
  CHECK_FALSE(sentry_keys(sentry(), {200, {}, "{}"}).has_value());
  const auto refused = sentry_keys(sentry(), {401, {}, R"({"detail":"Invalid token"})"});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().details.at("said") == "Invalid token");
  const auto keys =
      sentry_keys(sentry(), {200,
                             {},
                             R"x([{"id":"1","label":"by hand","dsn":{"secret":"s","public":"p"}},
                     {"id":"2","label":"ours managed (expires-at:2023-11-14T22:13:20.000Z)",
                      "dsn":{"secret":"s","public":"p"}}, 5, null])x"});
  REQUIRE(keys.has_value());
  REQUIRE(keys->size() == 1);
  CHECK(keys->front().id == "2");
}

TEST_CASE("GCP-1 only service accounts that are named, of the project that is configured") {
  gcp_account account;
  account.project = "project";
  account.allowed = {"a@project.iam"};
  CHECK(check_service_account(account, "project", "a@project.iam").has_value());
  const auto other = check_service_account(account, "else", "a@project.iam");
  REQUIRE_FALSE(other.has_value());
  CHECK(http_status(other.error().code) == 404);
  const auto not_named = check_service_account(account, "project", "b@project.iam");
  REQUIRE_FALSE(not_named.has_value());
  CHECK(http_status(not_named.error().code) == 400);
}

TEST_CASE("GHB-1 what GitHub answers becomes what the protocol says") {
  const auto status = [](const web_answer& answer) {
    const auto made = github_token_answer(answer);
    return made ? 200U : http_status(made.error().code);
  };
  CHECK(status({201, {}, R"({"token":"t","expires_at":"2023-11-14T22:13:20Z"})"}) == 200);
  CHECK(status({422, {}, R"({"message":"no such repository"})"}) == 400);
  CHECK(status({429}) == 429);
  CHECK(status({403, {{"retry-after", "60"}}}) == 429);
  CHECK(status({403, {{"x-ratelimit-remaining", "0"}}}) == 429);
  CHECK(status({403, {}, R"({"message":"You have exceeded a secondary rate limit"})"}) == 429);
  CHECK(status({403, {}, R"({"message":"Resource not accessible"})"}) == 500);
  CHECK(status({200, {}, "no json"}) != 200);
}

TEST_CASE("GHB-1 an installation is somebody's, and only his") {
  const auto found =
      github_found_installation({200, {}, R"({"id":7,"account":{"login":"Some-Org"}})"});
  REQUIRE(found.has_value());
  REQUIRE(found->has_value());
  CHECK((*found)->owner == "some-org");
  CHECK(check_installation(**found, "some-org").has_value());
  CHECK_FALSE(check_installation(**found, "renamed").has_value());
  CHECK_FALSE(check_installation({7, {}}, "some-org").has_value());
  const auto none = github_found_installation({404});
  REQUIRE(none.has_value());
  CHECK_FALSE(none->has_value());
}

}  // namespace troupe
