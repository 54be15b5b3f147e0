#include "gateways/rest/content_coding.hpp"
#include "runtime/crypto/sha256.hpp"
#include "tests/support/vectors.hpp"
#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;
namespace json = boost::json;

namespace {

const json::value& vectors() {
  static const auto loaded = load_vectors("auth-vectors.json");
  return loaded;
}

/// The methods of the vectors, as rows of a table. The texts live as long as the program.
const std::vector<api_method>& rows() {
  static std::vector<std::string> texts;
  static const auto made = [] {
    texts.reserve(100);
    const auto keep = [](std::string text) -> std::string_view {
      return texts.emplace_back(std::move(text));
    };
    std::vector<api_method> all;
    for (const auto& member : vectors().at("requestScopes").as_object()) {
      if (!member.value().is_object())
        continue;
      const std::string key{member.key()};
      const auto blank = key.find(' ');
      const auto& scopes = member.value().at("scopes");
      api_method row;
      row.service = "vec";
      row.name = keep(text_at(member.value(), "name"));
      row.verb = keep(key.substr(0, blank));
      row.route = keep(key.substr(blank + 1));
      row.scopes = scopes.is_null() ? std::string_view{} : keep(json::serialize(scopes));
      row.params = {{"name", "", false}};
      all.push_back(row);
    }
    return all;
  }();
  return made;
}

api_handler reply_with_nothing(std::string_view, std::string_view) {
  return [](request_context& call) { call.reply("{}"); };
}

auth_snapshot_ptr world() {
  std::vector<client_record> clients;
  for (const auto& member : vectors().at("clients").as_object()) {
    const auto& value = member.value();
    clients.push_back({std::string{member.key()}, text_at(value, "accessToken"),
                       texts_at(value, "scopes"), *parse_date_time(text_at(value, "expires")),
                       value.at("disabled").as_bool()});
  }
  std::vector<role> roles;
  for (const auto& member : vectors().at("roles").as_object()) {
    role made{std::string{member.key()}, {}};
    for (const auto& scope : member.value().as_array())
      made.scopes.emplace_back(scope.as_string());
    roles.push_back(std::move(made));
  }
  return std::make_shared<auth_snapshot>(std::move(clients), std::move(roles));
}

std::string body_of(const json::object& http, std::string_view coding) {
  std::string body;
  if (const auto* text = http.if_contains("body"))
    body = text->as_string();
  else if (const auto* packed = http.if_contains("bodyBase64"))
    REQUIRE(decode_base64(packed->as_string(), body));
  return coding.empty() ? body : *decode_content(coding, body, 1 << 20);
}

void check(const json::object& expect, const api_response& got, bool head) {
  CHECK(got.status == expect.at("httpStatus").as_int64());
  if (const auto* scheme = expect.if_contains("wwwAuthenticate"))
    CHECK(header_of(got, "WWW-Authenticate") == scheme->as_string());
  if (head || !expect.contains("code"))
    return;
  CHECK(code_of(got) == text_at(expect, "code"));
  CHECK(message_of(got) == text_at(expect, "message"));
  const auto info = json::parse(got.body).at("requestInfo");
  CHECK(info.at("method") == expect.at("requestInfoMethod"));
  CHECK(info.at("params") == expect.at("requestInfoParams"));
}

/// What our decision in place of `expect` is, for the cases that name one.
bool check_ours(const std::string& name, const api_response& got) {
  if (name == "request/hash-wrong-length") {
    CHECK(got.status == 401);
    CHECK(code_of(got) == "AuthenticationFailed");
  } else if (name == "request/malformed-before-auth") {
    CHECK(got.status == 400);
    CHECK(code_of(got) == "MalformedPayload");
    CHECK(message_of(got).starts_with("Failed to parse JSON: "));
  } else if (name == "request/port-proto-overrides-host-port" || name == "request/hash-non-json") {
    CHECK(got.status == 200);
  } else {
    return false;
  }
  return true;
}

}  // namespace

TEST_CASE("API-46 VEC-1 whole requests of the authentication vectors") {
  const auto& cases = vectors().at("request").as_array();
  REQUIRE(cases.size() == 42);
  for (const auto& each : cases) {
    const auto name = text_at(each, "id");
    INFO(name << ": " << text_at(each, "note"));
    pipeline_bench bench("/api/vec/v1", rows(), reply_with_nothing, world(),
                         {each.at("nowMs").as_int64()});
    const auto& http = each.at("http").as_object();
    const auto& headers = http.at("headers").as_object();
    const auto header = [&headers](std::string_view key) -> std::string_view {
      const auto* value = headers.if_contains(key);
      return value == nullptr ? std::string_view{} : std::string_view{value->as_string()};
    };
    const auto body = body_of(http, header("content-encoding"));
    api_request request;
    request.verb = http.at("method").as_string();
    request.target = http.at("path").as_string();
    request.authorization = header("authorization");
    request.host = header("host");
    request.forwarded_port = header("x-forwarded-port");
    request.forwarded_proto = header("x-forwarded-proto");
    request.content_type = header("content-type");
    request.body = body;
    const auto got = bench.ask(request);
    INFO(got.body);
    if (!each.as_object().contains("mayDiffer"))
      check(each.at("expect").as_object(), got, request.verb == "HEAD");
    else
      CHECK(check_ours(name, got));
  }
}
