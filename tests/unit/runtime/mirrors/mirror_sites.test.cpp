#include "runtime/mirrors/mirror_sites.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

mirror_settings settings() {
  mirror_settings config;
  const auto wrong = read_mirror_settings(R"({
    "canonical": "home",
    "sites": [
      {"siteId": "home", "match": [{"address": "10.2.9.0/24"}, {"region": "home"}]},
      {"siteId": "west", "match": [{"region": "us-west"}, {"workerGroup": "^west-"}, {"address": "10.2.0.0/16"}], "eagerFor": ["^aws/west-", "^lab/"],
       "store": {"backendType": "local", "directory": "/srv/west"}},
      {"siteId": "east", "match": [{"address": "10.0.0.0/8"}, {"address": "fd00::/8"}],
       "store": {"backendType": "local", "directory": "/srv/east"}}]
  })",
                                          config);
  CHECK(wrong.empty());
  return config;
}

}  // namespace

TEST_CASE("section 7.2 a caller's site comes from what it says, its workerGroup, or its address") {
  const mirror_sites sites{settings()};
  CHECK(sites.site_of({"us-west", "", ""}) == "west");
  CHECK(sites.site_of({"", "west-1", "1.2.3.4"}) == "west");
  CHECK(sites.site_of({"", "", "10.2.3.4"}) == "west");
  CHECK(sites.site_of({"", "", "::ffff:10.2.3.4"}) == "west");
  CHECK(sites.site_of({"", "", "10.3.3.4"}) == "east");
  CHECK(sites.site_of({"", "", "fd00::1"}) == "east");
  CHECK(sites.site_of({"", "", "fe80::1"}).empty());
  CHECK(sites.site_of({"us-west", "", "10.3.3.4"}) == "west");
  CHECK(sites.site_of({"home", "west-1", "10.2.3.4"}).empty());
  CHECK(sites.site_of({"nowhere", "west-1", ""}) == "west");
  CHECK(sites.site_of({"", "", "10.2.9.4"}).empty());
  CHECK(sites.site_of({"", "", "nonsense"}).empty());
  CHECK(sites.site_of({}).empty());
}

TEST_CASE("section 7.2 sites say which pools get copies before their tasks are claimed") {
  const mirror_sites sites{settings()};
  CHECK(sites.eager_sites("aws/west-1") == std::vector<std::string>{"west"});
  CHECK(sites.eager_sites("lab/x") == std::vector<std::string>{"west"});
  CHECK(sites.eager_sites("aws/east-1").empty());
}

TEST_CASE("section 7.2 the workerGroup stands in the clientId of a run") {
  CHECK(worker_group_of("task-client/fN1SbArXTPSVFNUvaOlinQ/0/on/west-1/i-123/until/1764000000") ==
        "west-1");
  CHECK(worker_group_of("task-client/fN1SbArXTPSVFNUvaOlinQ/0/by/west-1/i-123").empty());
  CHECK(worker_group_of("task-client/fN1SbArXTPSVFNUvaOlinQ/0/on/west-1").empty());
  CHECK(worker_group_of("project/on/west-1/x/y/z").empty());
  CHECK(worker_group_of("").empty());
}
