#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include "runtime/auth/credentials.hpp"

#include <catch2/catch_test_macros.hpp>

#include <array>

using namespace troupe;
using namespace troupe::test;
namespace json = boost::json;

namespace {

constexpr timestamp now{1'764'000'000'000};
constexpr std::string_view token = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr std::string_view id = "fN1SbArXTPSVFNUvaOlinQ";
constexpr std::string_view slug =
    "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$";

int handled = 0;

// Methods of each kind that the pipeline tells apart.

void plain(request_context& call) {
  ++handled;
  call.reply("{}");
}

void deferred(request_context& call) {
  const json::object values{{"reason", call.body().at("reason")}};
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  ++handled;
  call.reply(json::serialize(call.body()));
}

void conditional(request_context& call) {
  if (auto allowed = call.authorize(json::object{{"secret", call.query("secret") == "true"}});
      !allowed)
    return call.fail(std::move(allowed).error());
  call.reply("{}");
}

void fallback(request_context& call) {
  if (!call.authorize(json::object{{"x", "never"}}))
    return call.fail(make_api_error(error_code::resource_not_found, "nothing to see"));
  call.reply("{}");
}

void twice(request_context& call) {
  for (const auto* x : {"one", "two"})
    if (auto allowed = call.authorize(json::object{{"x", x}}); !allowed)
      return call.fail(std::move(allowed).error());
  call.reply("{}");
}

void answers_twice(request_context& call) {
  call.reply("1");
  call.reply("2");
}

void silent(request_context&) {}

void without_value(request_context& call) {
  if (auto allowed = call.authorize(json::object{}); !allowed)
    return call.fail(std::move(allowed).error());
  call.reply("{}");
}

void failing(request_context& call) {
  call.fail(make_api_error(error_code::internal_server_error, "a secret detail"));
}

void empty(request_context& call) { call.reply(204, {}); }

void waits(request_context& call) { (void)call.await_answer(); }

void waits_unauthorized(request_context& call) {
  ++handled;
  (void)call.await_answer();
}

void pages(request_context& call) { (void)call.await_page("what"); }

void claims(request_context& call) { (void)call.await_claim("proj/ci"); }

struct test_method {
  api_method row;
  api_handler serve;
};

const std::vector<test_method>& methods() {
  const auto make = [](std::string_view name, std::string_view verb, std::string_view route,
                       std::string_view scopes, api_handler serve) {
    api_method row;
    row.service = "t";
    row.name = name;
    row.verb = verb;
    row.route = route;
    row.scopes = scopes;
    if (route.find("<taskId>") != std::string_view::npos)
      row.params = {{"taskId", slug, false}};
    row.query = {{"limit", "^[0-9]+$"}, {"secret", "^(true|false)$"}};
    return test_method{row, serve};
  };
  static const auto all = [&] {
    std::vector<test_method> made{
        make("urlOnly", "GET", "/url/<taskId>", R"("need:<taskId>")", plain),
        make("urlBody", "POST", "/url/<taskId>", R"("need:<taskId>")", plain),
        make("deferred", "POST", "/deferred/<taskId>", R"({"AllOf":["need:<reason>"]})", deferred),
        make("open", "GET", "/open/<taskId>", "", plain),
        make("conditional", "GET", "/conditional", R"({"if":"secret","then":"need:secret"})",
             conditional),
        make("fallback", "GET", "/fallback", R"("need:<x>")", fallback),
        make("twice", "GET", "/twice", R"("need:<x>")", twice),
        make("forgetful", "GET", "/forgetful", R"("need:<x>")", plain),
        make("answersTwice", "GET", "/answers-twice", "", answers_twice),
        make("silent", "GET", "/silent", "", silent),
        make("withoutValue", "GET", "/without-value", R"("need:<x>")", without_value),
        make("failing", "GET", "/failing", "", failing),
        make("empty", "GET", "/empty", "", empty),
        make("waits", "GET", "/waits", "", waits),
        make("waitsUnauthorized", "GET", "/waits-unauthorized", R"("need:<x>")",
             waits_unauthorized),
        make("pages", "GET", "/pages", "", pages),
        make("claims", "GET", "/claims", "", claims),
    };
    for (auto& each : made)
      if (each.row.verb == "POST")
        each.row.input = "schemas/queue/v1/task-exception-request";
    return made;
  }();
  return all;
}

const std::vector<api_method>& rows() {
  static const auto all = [] {
    std::vector<api_method> made;
    for (const auto& each : methods())
      made.push_back(each.row);
    return made;
  }();
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  for (const auto& each : methods())
    if (each.row.name == name)
      return each.serve;
  return nullptr;
}

auth_snapshot_ptr clients() {
  const auto later = now + std::chrono::hours{1};
  const std::string access{token};
  return std::make_shared<auth_snapshot>(
      std::vector<client_record>{{"all", access, {"need:*"}, later, false},
                                 {"one", access, {"need:one"}, later, false},
                                 {"none", access, {}, later, false},
                                 {"gone", access, {"*"}, now - std::chrono::hours{1}, false}},
      std::vector<role>{{"anonymous", {"need:public"}}});
}

struct bench : pipeline_bench {
  bench() : pipeline_bench("/api/t/v1", rows(), find, clients(), now) {}

  api_response as(std::string_view client, std::string_view verb, const std::string& path,
                  std::string_view body = {}, std::string_view type = "application/json") {
    const auto target = "/api/t/v1" + path;
    const auto header = client.empty()
                            ? std::string{}
                            : sign_header({std::string{client}, std::string{token}, {}},
                                          {verb, target, "localhost", "80"}, now, "nonce");
    auto request = request_for(verb, target, header);
    request.body = body;
    if (!body.empty())
      request.content_type = type;
    return ask(request);
  }

  static api_request request_for(std::string_view verb, std::string_view target,
                                 std::string_view authorization) {
    api_request request;
    request.verb = verb;
    request.target = target;
    request.authorization = authorization;
    request.host = "localhost";
    return request;
  }
};

constexpr std::string_view good_body = R"({"reason":"internal-error"})";

}  // namespace

TEST_CASE("API-18 with scopes of the URL, 403 comes before bad ids, queries and bodies") {
  bench at;
  CHECK(at.as("none", "GET", "/url/not-an-id").status == 403);
  CHECK(at.as("none", "GET", "/url/" + std::string{id} + "?nope=1").status == 403);
  CHECK(at.as("none", "POST", "/url/" + std::string{id}, R"({"reason":1})").status == 403);
  CHECK(at.as("none", "POST", "/url/" + std::string{id}, "x", "text/plain").status == 403);
  // Only a body that cannot be parsed is told before.
  const auto broken = at.as("none", "POST", "/url/" + std::string{id}, "{");
  CHECK(broken.status == 400);
  CHECK(code_of(broken) == "MalformedPayload");
  CHECK(code_of(at.as("all", "GET", "/url/not-an-id")) == "InvalidRequestArguments");
  CHECK(code_of(at.as("all", "GET", "/url/" + std::string{id} + "?nope=1")) ==
        "InvalidRequestArguments");
  CHECK(code_of(at.as("all", "POST", "/url/" + std::string{id}, R"({"reason":1})")) ==
        "InputValidationError");
  CHECK(code_of(at.as("all", "POST", "/url/" + std::string{id}, "x", "text/plain")) ==
        "MalformedPayload");
  CHECK(at.as("all", "GET", "/url/" + std::string{id} + "?limit=5").status == 200);
}

TEST_CASE("API-19 with deferred scopes, bad ids, queries and bodies come before 403") {
  bench at;
  const std::string path = "/deferred/" + std::string{id};
  CHECK(code_of(at.as("none", "POST", "/deferred/not-an-id", good_body)) ==
        "InvalidRequestArguments");
  CHECK(code_of(at.as("none", "POST", path + "?nope=1", good_body)) == "InvalidRequestArguments");
  CHECK(code_of(at.as("none", "POST", path, R"({"reason":1})")) == "InputValidationError");
  CHECK(code_of(at.as("none", "POST", path, good_body)) == "InsufficientScopes");
  CHECK(at.as("all", "POST", path, good_body).status == 200);
}

TEST_CASE("API-20 without authorisation nothing is answered and nothing is told to actors") {
  bench at;
  handled = 0;
  CHECK(at.as("none", "POST", "/deferred/" + std::string{id}, good_body).status == 403);
  CHECK(handled == 0);
  const auto forgot = at.as("all", "GET", "/forgetful");
  CHECK(forgot.status == 500);
  CHECK(code_of(forgot) == "InternalServerError");
  CHECK(at.as("all", "GET", "/waits-unauthorized").status == 500);
  CHECK(at.on->open_replies() == 0);
  // A value that the handler did not give is a mistake of ours.
  CHECK(at.as("all", "GET", "/without-value").status == 500);
}

TEST_CASE("API-21 every authorisation of a request must pass") {
  bench at;
  CHECK(at.as("all", "GET", "/twice").status == 200);
  const auto half = at.as("one", "GET", "/twice");
  CHECK(half.status == 403);
  CHECK(message_of(half).find("need:two") != std::string::npos);
}

TEST_CASE("API-22 a handler may answer a failed authorisation in another way") {
  bench at;
  const auto got = at.as("none", "GET", "/fallback");
  CHECK(got.status == 404);
  CHECK(message_of(got) == "nothing to see");
}

TEST_CASE("API-23 public methods do not look at credentials") {
  bench at;
  CHECK(at.as("gone", "GET", "/open/" + std::string{id}).status == 200);
  api_request request;
  request.verb = "GET";
  const auto target = "/api/t/v1/open/" + std::string{id} + "?bewit=x";
  request.target = target;
  request.authorization = "Hawk rubbish";
  request.host = "localhost";
  CHECK(at.ask(request).status == 200);
}

TEST_CASE("API-49 an expression that renders to nothing is public, otherwise it is checked") {
  bench at;
  CHECK(at.as("gone", "GET", "/conditional").status == 200);
  CHECK(at.as("", "GET", "/conditional?secret=true").status == 403);
  CHECK(at.as("all", "GET", "/conditional?secret=true").status == 200);
}

TEST_CASE("HWK-6 HT-1 API-44 nobody and missing scopes are 403, bad credentials are 401") {
  bench at;
  const std::string path = "/url/" + std::string{id};
  const auto none = at.as("", "GET", path);
  CHECK(none.status == 403);
  CHECK(message_of(none) ==
        "This request requires Taskcluster credentials that satisfy the following scope "
        "expression:\n\n```\nneed:" +
            std::string{id} + "\n```");
  CHECK(at.as("all", "GET", path).status == 200);
  CHECK(at.as("none", "GET", path).status == 403);
  // Unknown, expired, or with another's token.
  for (const auto& [client, key] : {std::pair{"stranger", token}, {"gone", token}, {"all", "b"}}) {
    const auto header = sign_header({client, std::string{key}, {}},
                                    {"GET", "/api/t/v1" + path, "localhost", "80"}, now, "nonce");
    const auto refused = at.ask(at.request_for("GET", "/api/t/v1" + path, header));
    CHECK(refused.status == 401);
    CHECK(code_of(refused) == "AuthenticationFailed");
  }
}

TEST_CASE("HT-2 401 names the scheme, and two sets of credentials are one too many") {
  bench at;
  const std::string path = "/url/" + std::string{id};
  CHECK(header_of(at.as("stranger", "GET", path), "WWW-Authenticate") == "hawk");
  const auto both = at.as("all", "GET", path + "?bewit=abc");
  CHECK(both.status == 401);
  CHECK(message_of(both).starts_with("Cannot use two authentication schemes at once"));
}

TEST_CASE("HT-6 the text of 403 has every scope of the expression") {
  bench at;
  const auto got = at.as("none", "GET", "/url/" + std::string{id});
  CHECK(message_of(got) ==
        "Client ID none does not have sufficient scopes and is missing the following "
        "scopes:\n\n```\nneed:" +
            std::string{id} +
            "\n```\n\nThis request requires the client to satisfy the following scope "
            "expression:\n\n```\nneed:" +
            std::string{id} + "\n```");
}

TEST_CASE("API-24 an answer without body is 204") {
  bench at;
  const auto got = at.as("", "GET", "/empty");
  CHECK(got.status == 204);
  CHECK(got.body.empty());
}

TEST_CASE("API-27 the first of two answers stands, and a handler that gives none is 500") {
  bench at;
  CHECK(at.as("", "GET", "/answers-twice").body == "1");
  CHECK(at.as("", "GET", "/silent").status == 500);
}

TEST_CASE("API-29 ER-3 an unforeseen error shows an incident id and nothing else") {
  bench at;
  const auto got = at.as("", "GET", "/failing");
  CHECK(got.status == 500);
  CHECK(message_of(got).starts_with("Internal Server Error, incidentId "));
  CHECK(got.body.find("secret detail") == std::string::npos);
}

TEST_CASE("API-28 ER-2 errors tell method, params, payload with defaults, and time") {
  bench at;
  const auto got = at.as("none", "POST", "/deferred/" + std::string{id}, good_body);
  const auto body = json::parse(got.body).as_object();
  CHECK(body.size() == 3);
  const auto& info = body.at("requestInfo").as_object();
  CHECK(info.size() == 4);
  CHECK(info.at("method") == "deferred");
  CHECK(info.at("params") == json::object{{"taskId", id}});
  CHECK(info.at("payload") == json::parse(good_body));
  CHECK(info.at("time").as_string() == to_iso(now));
  CHECK(body.at("message").as_string().ends_with(
      "\n\n---\n\n* method:     deferred\n* errorCode:  InsufficientScopes\n"
      "* statusCode: 403\n* time:       " +
      to_iso(now)));
}

TEST_CASE("API-17 what is not read as JSON, and what is not a structure") {
  bench at;
  const std::string path = "/deferred/" + std::string{id};
  const auto text = at.as("all", "POST", path, good_body, "text/x-json");
  CHECK(text.status == 400);
  CHECK(message_of(text) ==
        "Payload must be JSON with content-type: application/json got content-type: text/x-json");
  CHECK(message_of(at.as("all", "POST", path)).ends_with("got content-type: null"));
  for (const auto* scalar : {"1", "\"x\"", "null", "true"})
    CHECK(message_of(at.as("all", "POST", path, scalar)) ==
          "Failed to parse JSON: Must be an object or array");
  for (const auto* broken : {"{", "{}x", "[1,]", "{\"a\":1,}", "\xff"}) {
    const auto got = at.as("all", "POST", path, broken);
    CHECK(code_of(got) == "MalformedPayload");
    CHECK(message_of(got).starts_with("Failed to parse JSON: "));
  }
  CHECK(at.as("all", "POST", path, good_body, "Application/JSON; charset=UTF-8").status == 200);
  CHECK(at.as("all", "POST", path, std::string(1000, '['), "application/json").status == 400);
}

TEST_CASE("a lane takes one large body after the other") {
  bench at;
  const std::string path = "/deferred/" + std::string{id};
  const auto large = "{\"x\":\"" + std::string(300 * 1024, 'x') + "\"}";
  for (int i = 0; i < 70; ++i)
    REQUIRE(code_of(at.as("all", "POST", path, large)) == "InputValidationError");
}

TEST_CASE("request bodies in other charsets are read, unknown ones are 415") {
  bench at;
  const std::string path = "/deferred/" + std::string{id};
  std::string wide;
  for (char c : good_body) {
    wide += c;
    wide += '\0';
  }
  CHECK(at.as("all", "POST", path, wide, "application/json; charset=utf-16le").status == 200);
  CHECK(at.as("all", "POST", path, good_body, "application/json; charset=latin1").status == 200);
  CHECK(at.as("all", "POST", path, good_body, "application/json; charset=ebcdic").status == 415);
}

TEST_CASE("API-33 API-34 query parameters are optional, checked and never repeated") {
  bench at;
  const auto query = [&at](const std::string& text) {
    return at.as("", "GET", "/open/" + std::string{id} + "?" + text);
  };
  CHECK(query("limit=10").status == 200);
  CHECK(query("bewit=abc").status == 200);
  CHECK(query("").status == 200);
  CHECK(message_of(query("limit=")) ==
        "Query-string parameter: limit=\"\" does not match expression: /^[0-9]+$/");
  CHECK(message_of(query("limit=1&limit=2")) == "Query-string parameter: limit must be a string!");
  CHECK(message_of(query("limit[]=1")) == "Query-string parameter: limit must be a string!");
  CHECK(message_of(query("nope=1&limit=x")) ==
        "Query-string parameter: nope is not supported!\n"
        "Query-string parameter: limit=\"x\" does not match expression: /^[0-9]+$/");
  CHECK(query("limit=%zz").status == 400);
}

TEST_CASE("API-10 a path that cannot be decoded is 400") {
  bench at;
  const auto got = at.as("", "GET", "/open/%zz");
  CHECK(got.status == 400);
  CHECK(code_of(got) == "InvalidRequestArguments");
}

TEST_CASE("an answer that comes later, and errors of actors, end in the same way") {
  bench at;
  api_request request;
  request.verb = "GET";
  request.target = "/api/t/v1/waits";
  api_call call(*at.api, at);
  at.on_lane([&] { call.start(request); });
  REQUIRE(call.waiting());
  CHECK_FALSE(call.abandonable());
  at.on_lane([&] { at.on->deliver({0, 0, 0, 1}, answer("{\"late\":1}")); });
  REQUIRE(at.responses.size() == 1);
  CHECK(at.responses[0].body == "{\"late\":1}");
  CHECK_FALSE(call.waiting());

  at.on_lane([&] { call.start(request); });
  at.on_lane([&] {
    at.on->deliver({0, 0, 0, 2}, answer(make_api_error(error_code::request_conflict, "no")));
  });
  REQUIRE(at.responses.size() == 2);
  CHECK(at.responses[1].status == 409);
  CHECK(message_of(at.responses[1]) == "no");
}

TEST_CASE("a call that is abandoned or too late is not answered by its actor any more") {
  bench at;
  api_request request;
  request.verb = "GET";
  request.target = "/api/t/v1/claims";
  api_call call(*at.api, at);
  at.on_lane([&] { call.start(request); });
  CHECK(call.abandonable());
  at.on_lane([&] { call.abandon(); });
  CHECK(at.on->open_replies() == 0);
  CHECK(at.responses.empty());

  at.on_lane([&] { call.start(request); });
  at.on_lane([&] { call.time_out(); });
  REQUIRE(at.responses.size() == 1);
  CHECK(at.responses[0].status == 503);
  CHECK(header_of(at.responses[0], "Retry-After") == "1");
  CHECK(at.on->open_replies() == 0);

  at.on_lane([&] { call.start(request); });
  at.on_lane([&] { call.release_claim(); });
  CHECK(call.waiting());  // for what the queue has been claiming
  at.on_lane([&] { at.on->deliver({0, 0, 0, 3}, answer("{\"tasks\":[1]}")); });
  REQUIRE(at.responses.size() == 2);
  CHECK(at.responses[1].body == R"({"tasks":[1]})");
}

TEST_CASE("PG-2 the next position of an actor's page becomes a token of the method") {
  bench at;
  api_request request;
  request.verb = "GET";
  request.target = "/api/t/v1/pages";
  api_call call(*at.api, at);
  at.on_lane([&] { call.start(request); });
  answer page(R"({"tasks":[]})");
  page.headers.emplace_back(std::string{next_position_header}, "the last key");
  at.on_lane([&] { at.on->deliver({0, 0, 0, 1}, std::move(page)); });
  REQUIRE(at.responses.size() == 1);
  CHECK(at.responses[0].headers.empty());
  const auto body = json::parse(at.responses[0].body);
  const std::string made{body.at("continuationToken").as_string()};
  CHECK(*at.api->tokens.read("pages", "what", made) == "the last key");
}
