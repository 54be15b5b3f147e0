#include "runtime/config/object_settings.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string problem(std::string_view json) {
  object_settings into;
  return read_object_settings(json, into);
}

}  // namespace

TEST_CASE("section 5.1 without a file all objects are on the disk") {
  const object_settings none;
  REQUIRE(none.rules.size() == 1);
  CHECK(none.rules.front().backend_id == "local");
  object_settings empty;
  CHECK(read_object_settings("{}", empty).empty());
  CHECK(empty.rules.size() == 1);
}

TEST_CASE("section 5.1 backends, the map and caches are read") {
  object_settings all;
  REQUIRE(read_object_settings(R"({
    "backends": {
      "cloud": {"backendType": "aws", "accessKeyId": "ID", "secretAccessKey": "secret",
                "bucket": "objects", "region": "eu-west-1"},
      "near": {"backendType": "s3", "accessKeyId": "ID", "secretAccessKey": "secret",
               "bucket": "objects", "endpoint": "http://localhost:9000", "signGetUrls": false},
      "disk": {"backendType": "local"}},
    "backendMap": [
      {"backendId": "near", "when": {"projectId": "x", "name": {"regexp": "^public/"}}},
      {"backendId": "disk", "when": {"name": {"is": "one"}}},
      {"backendId": "cloud", "when": "all"}],
    "middleware": [{"middlewareType": "cdn", "regexp": "^public/", "baseUrl": "https://cdn.example.com/a/"}]
  })",
                               all)
              .empty());
  CHECK_FALSE(all.s3.at("cloud").path_style);
  CHECK(all.s3.at("cloud").sign_get_urls);
  CHECK(all.s3.at("near").path_style);
  CHECK_FALSE(all.s3.at("near").sign_get_urls);
  REQUIRE(all.rules.size() == 3);
  CHECK(all.rules[0].name->how == text_condition::kind::pattern);
  CHECK(all.rules[1].name->text == "one");
  CHECK_FALSE(all.rules[2].name);
  CHECK(all.caches.front().base_url == "https://cdn.example.com/a/");
}

TEST_CASE("section 5.1 an unknown backendId and other mistakes are told by their place") {
  CHECK(problem("[").find("not JSON") != std::string::npos);
  CHECK(problem(R"({"backendMap":[{"backendId":"x","when":"all"}]})") ==
        "backendMap[0].backendId: there is no backend 'x'");
  CHECK(problem(R"({"backendMap":[{"backendId":"local"}]})").find("needs the member 'when'") !=
        std::string::npos);
  CHECK(problem(R"({"backendMap":[{"backendId":"local","when":{"x":"y"}}]})") ==
        "backendMap[0].when has an unknown member 'x'");
  CHECK(problem(R"({"backendMap":[{"backendId":"local","when":{"name":{"regexp":"("}}}]})")
            .find("not a regular expression") != std::string::npos);
  CHECK(problem(R"({"backendMap":[{"backendId":"local","when":{"name":{}}}]})")
            .find("must be a text") != std::string::npos);
  CHECK(problem(R"({"backends":{"a":{"backendType":"ftp"}}})").find("must be local, s3 or aws") !=
        std::string::npos);
  CHECK(problem(R"({"backends":{"local":{"backendType":"s3"}}})").find("another one") !=
        std::string::npos);
  CHECK(problem(R"({"backends":{"a":{"backendType":"s3","accessKeyId":"ID","bucket":"objects"}}})")
            .find("secretAccessKey") != std::string::npos);
  CHECK(problem(R"({"middleware":[{"middlewareType":"cdn","regexp":"x","baseUrl":"nowhere"}]})")
            .starts_with("middleware[0].baseUrl: "));
  CHECK(problem(R"({"middleware":[{"middlewareType":"x","regexp":"x","baseUrl":"y"}]})")
            .find("must be cdn") != std::string::npos);
  object_settings into;
  CHECK(read_object_file("/nowhere", into).find("cannot read '/nowhere'") != std::string::npos);
}
