#include "runtime/config/provider_accounts.hpp"

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

std::string problem(std::string_view json) {
  provider_accounts made;
  return read_provider_accounts(json, made);
}

}  // namespace

TEST_CASE("accounts of other systems are read whole, with the usual endpoints") {
  provider_accounts made;
  CHECK(read_provider_accounts(R"({
      "websocktunnel": {"secret": "tunnel"},
      "aws": [{"accessKeyId": "id", "secretAccessKey": "s", "buckets": ["a", "b"]}],
      "azure": {"account": {"key": "a2V5"}},
      "sentry": {"token": "t", "organization": "o", "team": "m", "keyPrefix": "p"}})",
                               made)
            .empty());
  CHECK(made.websocktunnel_secret == "tunnel");
  REQUIRE(made.aws.size() == 1);
  CHECK(made.aws[0].endpoint == "https://sts.us-east-1.amazonaws.com");
  CHECK(made.aws[0].buckets.size() == 2);
  CHECK(made.azure.at("account").key == "key");
  CHECK(made.azure.at("account").blob_endpoint == "https://account.blob.core.windows.net");
  CHECK(made.sentry.value().endpoint == "https://sentry.io");
  CHECK_FALSE(made.gcp.has_value());
  CHECK(problem("{}").empty());
}

TEST_CASE("what is wrong with an account is said by its place, and shows no secret") {
  CHECK(problem("[").find("not JSON") != std::string::npos);
  CHECK(problem("[]").find("must be an object") != std::string::npos);
  CHECK(problem(R"({"aws": {}})").find("aws must be a list") != std::string::npos);
  CHECK(problem(R"({"googel": {}})").find("unknown member 'googel'") != std::string::npos);
  // Partial configurations are errors (SEN-1).
  CHECK(problem(R"({"sentry": {"token": "t"}})").find("sentry needs the member") !=
        std::string::npos);
  CHECK(problem(R"({"aws": [{"accessKeyId": "i", "secretAccessKey": "s", "buckets": []}]})")
            .find("aws[0].buckets") != std::string::npos);
  CHECK(problem(R"({"azure": {"a": {"key": "*"}}})").find("azure.a.key is not base64") !=
        std::string::npos);
  const auto bad_key =
      problem(R"({"github": {"app": {"appId": "1", "privateKey": "a-secret-that-is-no-key"}}})");
  CHECK(bad_key.find("github.app.privateKey is not an RSA private key") != std::string::npos);
  CHECK(bad_key.find("a-secret") == std::string::npos);
  CHECK(problem(R"({"websocktunnel": {"secret": "line\nbreak"}})").find("printable") !=
        std::string::npos);
}

}  // namespace troupe
