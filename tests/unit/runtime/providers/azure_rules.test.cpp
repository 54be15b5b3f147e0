#include "runtime/providers/azure_rules.hpp"
#include "runtime/crypto/base64.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace {

// The account that emulators of Azure know.
constexpr std::string_view name = "devstoreaccount1";
constexpr std::string_view key_text =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
constexpr timestamp start{1'700'000'000'000};
constexpr timestamp end{1'700'002'400'000};

azure_account account() {
  azure_account made;
  REQUIRE(decode_base64(key_text, made.key));
  made.table_endpoint = "https://devstoreaccount1.table.core.windows.net";
  made.blob_endpoint = "http://localhost:10000/devstoreaccount1";
  return made;
}

azure_place table() { return {azure_kind::table, std::string{name}, "MyTable"}; }
azure_place container() { return {azure_kind::container, std::string{name}, "my-container"}; }

std::string header(const web_request& of, std::string_view wanted) {
  for (const auto& [key, value] : of.headers)
    if (key == wanted)
      return value;
  return {};
}

}  // namespace

// Worked out by another program from the strings that Azure documents for this version.
TEST_CASE("shared access signatures of Azure are those of known vectors") {
  CHECK(azure_sas(table(), account().key, true, start, end) ==
        "sv=2018-11-09&tn=MyTable&st=2023-11-14T22%3A13%3A20Z&se=2023-11-14T22%3A53%3A20Z&sp=r&"
        "sig=7D8FVYBtY3e8L0vXB4yMdud2ZONiXEFFnA%2F%2BOEu4Lmw%3D");
  CHECK(azure_sas(container(), account().key, false, start, end) ==
        "sv=2018-11-09&sr=c&st=2023-11-14T22%3A13%3A20Z&se=2023-11-14T22%3A53%3A20Z&sp=racwdl&"
        "sig=1iJE1FNhRAMdgxFnF5q4pTuU0qrWq%2B4QtilrAj7%2FD7g%3D");
}

TEST_CASE("a shared access signature lasts from 15 minutes ago until in 25, in whole seconds") {
  const auto answer =
      boost::json::parse(azure_sas_answer(table(), account(), true, {start.ms + 7}));
  CHECK(answer.at("expiry") == "2023-11-14T22:38:20.000Z");
  const std::string sas{answer.at("sas").as_string()};
  CHECK(sas.find("st=2023-11-14T21%3A58%3A20Z") != std::string::npos);
  CHECK(sas.find("se=2023-11-14T22%3A38%3A20Z") != std::string::npos);
}

TEST_CASE("tables and containers are made and listed by signed calls") {
  const auto made = azure_creation(table(), account(), start);
  CHECK(made.verb == "POST");
  CHECK(made.target == "/Tables");
  CHECK(boost::json::parse(made.body).at("TableName") == "MyTable");
  CHECK(header(made, "x-ms-date") == "Tue, 14 Nov 2023 22:13:20 GMT");
  CHECK(header(made, "Authorization").starts_with("SharedKey devstoreaccount1:"));
  CHECK(azure_creation(container(), account(), start).target == "/my-container?restype=container");
  CHECK(azure_listing(container(), account(), "a/b", start).target == "/?comp=list&marker=a%2Fb");
  CHECK(azure_listing(table(), account(), "", start).target == "/Tables");
  // Another moment, another signature.
  CHECK(header(azure_creation(table(), account(), end), "Authorization") !=
        header(made, "Authorization"));
}

TEST_CASE("what is there already was made, and other refusals are Azure's") {
  CHECK(azure_created({201}).has_value());
  CHECK(azure_created({409}).has_value());
  const auto refused = azure_created({403, {{"x-ms-error-code", "AuthenticationFailed"}}});
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::service_unavailable);
  CHECK(refused.error().details.at("said") == "403: AuthenticationFailed");
}

TEST_CASE("pages of names are read in either form, and what is none is an error") {
  const auto tables = azure_listing_answer(
      azure_kind::table, {200,
                          {{"x-ms-continuation-nexttablename", "next!"}},
                          R"({"value":[{"TableName":"a"},{"TableName":"b"},{}]})"});
  REQUIRE(tables.has_value());
  CHECK(boost::json::parse(*tables) ==
        boost::json::parse(R"({"tables":["a","b"],"continuationToken":"next!"})"));
  const auto containers = azure_listing_answer(
      azure_kind::container,
      {200,
       {},
       "<EnumerationResults><Containers><Container><Name>one</Name></Container><Container>"
       "<Name>a&amp;b</Name></Container></Containers><NextMarker/></EnumerationResults>"});
  REQUIRE(containers.has_value());
  CHECK(boost::json::parse(*containers) == boost::json::parse(R"({"containers":["one","a&b"]})"));
  CHECK_FALSE(azure_listing_answer(azure_kind::table, {200, {}, "<html>"}).has_value());
  CHECK_FALSE(azure_listing_answer(azure_kind::table, {500}).has_value());
}

}  // namespace troupe
