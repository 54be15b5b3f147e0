#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include "runtime/auth/credentials.hpp"
#include "runtime/log/log.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;
namespace json = boost::json;

namespace {

constexpr timestamp now{1'764'000'000'000};
constexpr std::string_view token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

std::vector<api_method> make_rows() {
  api_method choice;
  choice.service = "t";
  choice.name = "choice";
  choice.verb = "GET";
  choice.route = "/choice";
  choice.scopes =
      R"({"AnyOf":[{"AllOf":["aa","bb"]},{"AllOf":["aa","bb","cc"]},{"AllOf":["bb","dd"]}]})";
  choice.query = {{"limit", "^[0-9]+$"}};
  auto open = choice;
  open.name = "open";
  open.route = "/open";
  open.scopes = {};
  return {choice, open};
}

const std::vector<api_method>& rows() {
  static const auto all = make_rows();
  return all;
}

api_handler find(std::string_view, std::string_view) {
  return [](request_context& call) { call.reply("{}"); };
}

auth_snapshot_ptr clients() {
  const auto later = now + std::chrono::hours{1};
  return std::make_shared<auth_snapshot>(
      std::vector<client_record>{{"able", std::string{token}, {"aa", "bb", "dd"}, later, false},
                                 {"unable", std::string{token}, {"aa"}, later, false}},
      std::vector<role>{});
}

struct bench : pipeline_bench {
  bench() : pipeline_bench("/api/t/v1", rows(), find, clients(), now) {
    log_setup setup;
    setup.form = log_format::json;
    setup.to_stderr = true;
    start_log(setup);
  }
  ~bench() override { stop_log(); }

  /// The record of a GET by the client.
  json::object record_of(std::string_view client, const std::string& path) {
    const auto target = "/api/t/v1" + path;
    const auto header = sign_header({std::string{client}, std::string{token}, {}},
                                    {"GET", target, "localhost", "80"}, now, "nonce");
    api_request request;
    request.verb = "GET";
    request.target = target;
    request.authorization = header;
    request.host = "localhost";
    request.source_ip = "127.0.0.9";
    request.trace_id = "trace";
    request.request_id = "request";
    api->log = request_log(true);
    (void)ask(request);
    return json::parse(api->log.waiting()).as_object();
  }
};

}  // namespace

TEST_CASE("LOG-1 a good request is recorded with its caller and all scopes that were used") {
  bench at;
  const auto record = at.record_of("able", "/choice?limit=3");
  CHECK(record.at("Type") == "monitor.apiMethod");
  CHECK(record.at("severity") == "NOTICE");
  CHECK(record.at("Logger") == "taskcluster.t.api");
  CHECK(record.at("traceId") == "trace");
  CHECK(record.at("requestId") == "request");
  const auto& fields = record.at("Fields").as_object();
  CHECK(fields.at("v") == 2);
  CHECK(fields.at("name") == "choice");
  CHECK(fields.at("resource") == "/choice");
  CHECK(fields.at("method") == "GET");
  CHECK(fields.at("authenticated") == true);
  CHECK(fields.at("public") == false);
  CHECK(fields.at("clientId") == "able");
  CHECK(fields.at("expires").as_string() == to_iso(now + std::chrono::hours{1}));
  CHECK(fields.at("satisfyingScopes") == json::array{"aa", "bb", "dd"});
  CHECK(fields.at("query") == json::object{{"limit", "3"}});
  CHECK(fields.at("statusCode") == 200);
  CHECK(fields.at("sourceIp") == "127.0.0.9");
}

TEST_CASE("LOG-2 a public request is recorded without its caller") {
  bench at;
  const auto fields = at.record_of("able", "/open").at("Fields").as_object();
  CHECK(fields.at("public") == true);
  CHECK(fields.at("authenticated") == false);
  CHECK(fields.at("clientId") == "");
  CHECK(fields.at("satisfyingScopes") == json::array{});
}

TEST_CASE("LOG-3 a refused request is recorded with its caller and no scopes") {
  bench at;
  const auto fields = at.record_of("unable", "/choice").at("Fields").as_object();
  CHECK(fields.at("authenticated") == true);
  CHECK(fields.at("clientId") == "unable");
  CHECK(fields.at("satisfyingScopes") == json::array{});
  CHECK(fields.at("statusCode") == 403);
}

TEST_CASE("LOG-4 unknown and bad query values are not recorded") {
  bench at;
  const auto fields = at.record_of("able", "/choice?limit=x&nope=secret").at("Fields").as_object();
  CHECK(fields.at("query") == json::object{});
  CHECK(fields.at("statusCode") == 400);
  const auto signed_url = at.record_of("able", "/open?limit=1&bewit=secret");
  CHECK(signed_url.at("Fields").at("query") == json::object{{"limit", "1"}, {"bewit", "..."}});
}

TEST_CASE("records can be switched off") {
  bench at;
  at.api->log = request_log(false);
  api_request request;
  request.verb = "GET";
  request.target = "/api/t/v1/open";
  (void)at.ask(request);
  CHECK(at.api->log.waiting().empty());
}
