#include "gateways/rest/request_log.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("a request record has the fields of monitor.apiMethod") {
  request_record record;
  record.service = "queue";
  record.method = "createTask";
  record.resource = "/task/x";
  record.verb = "PUT";
  record.query_json = R"({"limit":"1"})";
  record.scopes_json = R"(["a","b"])";
  record.client_id = "me";
  record.source_ip = "127.0.0.1";
  record.expires = "2026-11-24T12:00:00.000Z";
  record.duration_us = 1042;
  record.status = 403;
  record.authenticated = true;
  std::string text;
  append_request_fields(text, record);
  CHECK(boost::json::parse(text) == boost::json::parse(R"({"v":2,"apiVersion":"v1",
      "authenticated":true,"public":false,"clientId":"me","duration":1.042,
      "expires":"2026-11-24T12:00:00.000Z","method":"PUT","name":"createTask",
      "query":{"limit":"1"},"resource":"/task/x","satisfyingScopes":["a","b"],
      "sourceIp":"127.0.0.1","statusCode":403})"));
}
