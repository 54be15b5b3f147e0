#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp now{1'764'000'000'000};

void good(request_context& call) { call.reply(R"({"tasks":[]})"); }
void wrong(request_context& call) { call.reply(R"({"tasks":[{"a secret":1}]})"); }
void broken(request_context& call) { call.reply(R"({"tasks":)"); }
void waits(request_context& call) { (void)call.await_answer(); }

struct known_method {
  std::string_view name;
  std::string_view output;
  api_handler serve;
};

constexpr std::string_view claims = "schemas/queue/v1/claim-work-response";
constexpr known_method known[] = {
    {"good", claims, good},  {"wrong", claims, wrong}, {"broken", claims, broken},
    {"blob", "blob", wrong}, {"unchecked", "", wrong}, {"waits", claims, waits},
};

const std::vector<api_method>& rows() {
  static const auto all = [] {
    std::vector<api_method> made;
    static std::vector<std::string> routes;
    routes.reserve(std::size(known));
    for (const auto& [name, output, serve] : known) {
      routes.push_back("/" + std::string{name});
      api_method row;
      row.service = "t";
      row.name = name;
      row.verb = "GET";
      row.route = routes.back();
      row.output = output;
      made.push_back(row);
    }
    return made;
  }();
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  for (const auto& method : known)
    if (method.name == name)
      return method.serve;
  return nullptr;
}

struct bench : pipeline_bench {
  bench()
      : pipeline_bench(
            "/api/t/v1", rows(), find,
            std::make_shared<auth_snapshot>(std::vector<client_record>{}, std::vector<role>{}),
            now) {
    api->checks_replies = true;
  }

  api_response get(std::string_view name) {
    const auto target = "/api/t/v1/" + std::string{name};
    api_request request;
    request.verb = "GET";
    request.target = target;
    return ask(request);
  }
};

}  // namespace

TEST_CASE("API-25 a reply that breaks its promise is 500, and nobody outside learns how") {
  bench at;
  CHECK(at.get("good").status == 200);
  for (const auto* name : {"wrong", "broken"}) {
    const auto response = at.get(name);
    CHECK(response.status == 500);
    CHECK(code_of(response) == "InternalServerError");
    CHECK(response.body.find("secret") == std::string::npos);
    CHECK(response.body.find("schema") == std::string::npos);
  }
}

TEST_CASE("API-25 what an actor answers is checked as well, and its runs are given back") {
  bench at;
  for (const bool is_good : {true, false}) {
    at.responses.clear();
    api_call call(*at.api, at);
    api_request request;
    request.verb = "GET";
    request.target = "/api/t/v1/waits";
    at.on_lane([&] { call.start(request); });
    REQUIRE(call.waiting());
    answer result{std::string{is_good ? R"({"tasks":[]})" : R"({"tasks":[{}]})"}};
    at.on_lane([&] { call.complete(std::move(result)); });
    REQUIRE(at.responses.size() == 1);
    CHECK(at.responses.front().status == (is_good ? 200 : 500));
  }
}

TEST_CASE("API-26 a blob, and what promises nothing, is not checked") {
  bench at;
  CHECK(at.get("blob").status == 200);
  CHECK(at.get("unchecked").status == 200);
}

TEST_CASE("API-25 a release build does not take the time") {
  bench at;
  at.api->checks_replies = false;
  CHECK(at.get("wrong").status == 200);
}
