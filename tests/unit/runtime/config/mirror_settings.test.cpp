#include "runtime/config/mirror_settings.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string problem(std::string_view json) {
  mirror_settings into;
  return read_mirror_settings(json, into);
}

std::string site(const std::string& members) {
  return R"({"sites": [{"siteId": "west", )" + members + "}]}";
}

const std::string disk = R"("store": {"backendType": "local", "directory": "/srv/west"})";
const std::string rule = R"("match": [{"region": "us-west"}], )";

}  // namespace

TEST_CASE("section 7.2 without sites there are no copies") {
  mirror_settings none;
  CHECK(read_mirror_settings("{}", none).empty());
  CHECK(none.sites.empty());
}

TEST_CASE("section 7.2 sites, stores and policies are read") {
  mirror_settings all;
  REQUIRE(read_mirror_settings(R"({
    "canonical": "home", "maxWaitSeconds": 0, "waitAboveBytes": 5, "copiesAtOnce": 9, "leaseSeconds": 7,
    "urlSeconds": 8, "retrySeconds": 6,
    "sites": [
      {"siteId": "home", "match": [{"address": "10.1.0.0/16"}]},
      {"siteId": "west", "match": [{"workerGroup": "^west-"}, {"address": "fd00::/8"}],
       "maxBytes": 1000, "ttlSeconds": 60, "eagerFor": ["^aws/west-"],
       "store": {"backendType": "s3", "accessKeyId": "ID", "secretAccessKey": "secret", "bucket": "copies",
                 "endpoint": "http://localhost:9000"}},
      {"siteId": "office", "match": [{"region": "office"}], "largestBytes": 10, "partBytes": 5242880,
       "store": {"backendType": "local", "directory": "/srv/office"}}]
  })",
                               all)
              .empty());
  CHECK(all.longest_wait_s == 0);
  CHECK(all.waits_above_bytes == 5);
  CHECK(all.copies_at_once == 9);
  CHECK(all.lease_s == 7);
  CHECK(all.url_lasts_s == 8);
  CHECK(all.retried_after_s == 6);
  CHECK(all.canonical_rules.size() == 1);
  REQUIRE(all.sites.size() == 2);
  CHECK(all.sites[0].most_bytes == 1000);
  CHECK(all.sites[0].largest_bytes == 1000);
  CHECK(all.sites[0].lasts_s == 60);
  CHECK(all.sites[0].eager_pools == std::vector<std::string>{"^aws/west-"});
  CHECK(std::get<s3_backend_settings>(all.sites[0].store).bucket == "copies");
  CHECK(all.sites[1].largest_bytes == 10);
  CHECK(all.sites[0].part_bytes == std::uint64_t{1} << 30);
  CHECK(all.sites[1].part_bytes == 5'242'880);
  CHECK(std::get<local_mirror_settings>(all.sites[1].store).directory == "/srv/office");
}

TEST_CASE("section 7.2 wrong settings of sites are told, and no secret with them") {
  CHECK(problem("[]") == "the file must be an object");
  CHECK(problem(R"({"canonical": "x"})") == "canonical: there is no site 'x'");
  CHECK(problem(R"({"copies": 1})") == "the file has an unknown member 'copies'");
  CHECK(problem(R"({"leaseSeconds": 0})") ==
        "the file.leaseSeconds must be a whole number from 1 to 3600");
  CHECK(problem(R"({"leaseSeconds": "1"})").ends_with("from 1 to 3600"));
  CHECK(problem(site(disk)) == "sites[0].match needs a rule: nobody would be at the site");
  CHECK(problem(site(R"("match": [{"region": "x"}])")) ==
        "sites[0] needs the member 'store', unless it is the canonical site");
  CHECK(problem(site(R"("match": [{"address": "10.0.0.1"}], )" + disk)) ==
        "sites[0].match[0].address: '10.0.0.1' is not a block of addresses like 10.2.0.0/16");
  CHECK(problem(site(R"("match": [{"workerGroup": "("}], )" + disk)).find("regular expression") !=
        std::string::npos);
  CHECK(problem(site(R"("match": [{"region": "x", "address": "10.0.0.0/8"}], )" + disk)) ==
        "sites[0].match[0] must have one member: region, workerGroup or address");
  CHECK(problem(site(rule + R"("store": {"backendType": "local", "directory": "here"})"))
            .starts_with("sites[0].store.directory must be a whole path"));
  CHECK(problem(site(rule + R"("store": {"backendType": "gcs"})")) ==
        "sites[0].store.backendType must be local, s3 or aws");
  const auto wrong = problem(
      site(rule +
           R"("store": {"backendType": "s3", "accessKeyId": "ID", "secretAccessKey": "secret"})"));
  CHECK(wrong == "sites[0].store needs the member 'bucket', a text");
  CHECK(problem(R"({"sites": [{"siteId": "a b", "match": []}]})")
            .starts_with("sites[0].siteId must be of up to 64"));
  CHECK(problem(site(rule + R"("partBytes": 5242879, )" + disk)) ==
        "sites[0].partBytes must be a whole number from 5242880 to 5368709120");
  CHECK(problem(site(rule + R"("largestBytes": 5497558138881, )" + disk))
            .ends_with("from 1 to 5497558138880"));
  CHECK(problem(site(rule + R"("eagerFor": ["("], )" + disk)) ==
        "sites[0].eagerFor[0] must be a regular expression of taskQueueIds");
  const auto twice = "{" + rule + disk + R"(, "siteId": ")";
  CHECK(problem(R"({"sites": [)" + twice + R"(a"}, )" + twice + R"(a"}]})") ==
        "there are two sites 'a'");
  CHECK(problem(R"({"sites": [)" + twice + R"(a"}, )" + twice + R"(b"}]})") ==
        "the sites 'a' and 'b' have the same directory");
  CHECK(problem(R"({"canonical": "a", "sites": [)" + twice + R"(a"}]})")
            .starts_with("sites[0] is the canonical site"));
}
