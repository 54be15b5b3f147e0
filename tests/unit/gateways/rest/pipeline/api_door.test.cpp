#include "gateways/rest/api_door.hpp"

#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp now{1'764'000'000'000};

void echo(request_context& call) { call.reply("\"" + std::string{call.param("x")} + "\""); }
void guarded(request_context&) { FAIL("a rehearsal went too far"); }
void claims(request_context& call) { (void)call.await_claim("proj/ci"); }

const std::vector<api_method>& rows() {
  static const auto all = [] {
    api_method row;
    row.service = "t";
    row.name = "echo";
    row.verb = "GET";
    row.route = "/echo/<x>";
    row.params = {{"x", "", false}};
    auto claim = row;
    claim.name = "claims";
    claim.route = "/claims";
    claim.params = {};
    auto guard = row;
    guard.name = "guarded";
    guard.verb = "POST";
    guard.route = "/guarded/<x>";
    guard.scopes = R"({"AllOf":["t:guarded:<x>","t:who:<who>"]})";
    return std::vector<api_method>{row, claim, guard};
  }();
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  return name == "claims" ? claims : name == "guarded" ? guarded : echo;
}

struct bench : pipeline_bench {
  bench()
      : pipeline_bench("/api/t/v1", rows(), find,
                       std::make_shared<auth_snapshot>(
                           std::vector<client_record>{},
                           std::vector<role>{{"anonymous", {"t:guarded:a", "t:who:me"}}}),
                       now) {}
  api_door door{{api.get()}};
};

}  // namespace

TEST_CASE("a call without HTTP is answered at once or later, and its texts are copied") {
  bench at;
  std::vector<api_response> got;
  std::shared_ptr<api_door::ticket> ticket;
  at.on_lane([&] {
    const std::string target = "/api/t/v1/echo/a%20b";
    api_request request;
    request.verb = "GET";
    request.target = target;
    ticket = at.door.call(*at.on, request, [&](api_response&& r) { got.push_back(std::move(r)); });
  });
  REQUIRE(got.size() == 1);
  CHECK(got[0].body == "\"a b\"");

  at.on_lane([&] {
    const std::string target = "/api/t/v1/claims";
    api_request request;
    request.verb = "GET";
    request.target = target;
    ticket = at.door.call(*at.on, request, [&](api_response&& r) {
      got.push_back(std::move(r));
      ticket.reset();
    });
  });
  CHECK(got.size() == 1);
  at.on_lane([&] { at.on->deliver({0, 0, 0, 1}, answer("{}")); });
  REQUIRE(got.size() == 2);
  CHECK(got[1].body == "{}");
  CHECK(ticket == nullptr);
}

TEST_CASE("dropping the ticket of a call abandons it") {
  bench at;
  bool told = false;
  std::shared_ptr<api_door::ticket> ticket;
  at.on_lane([&] {
    api_request request;
    request.verb = "GET";
    request.target = "/api/t/v1/claims";
    ticket = at.door.call(*at.on, request, [&](api_response&&) { told = true; });
  });
  CHECK(at.on->open_replies() == 1);
  at.on_lane([&] { ticket.reset(); });
  CHECK(at.on->open_replies() == 0);
  CHECK_FALSE(told);
}

TEST_CASE("a ticket may be dropped while its answer is told") {
  bench at;
  std::shared_ptr<api_door::ticket> ticket;
  at.on_lane([&] {
    api_request request;
    request.verb = "GET";
    request.target = "/api/t/v1/nothing";
    ticket = at.door.call(*at.on, request, [&](api_response&& r) { CHECK(r.status == 404); });
    ticket.reset();
  });
}

TEST_CASE("a rehearsal goes through all checks, and no further") {
  bench at;
  std::vector<api_response> got;
  const auto rehearse = [&](std::string_view target, std::string_view body) {
    at.on_lane([&] {
      api_request request;
      request.verb = "POST";
      request.target = target;
      request.content_type = "application/json";
      request.body = body;
      at.door.rehearse(*at.on, request, [&](api_response&& r) { got.push_back(std::move(r)); });
    });
    REQUIRE(got.size() == 1);
    auto response = std::move(got.back());
    got.clear();
    return response;
  };
  CHECK(rehearse("/api/t/v1/guarded/a", R"({"who":"me"})").status == 204);
  const auto refused = rehearse("/api/t/v1/guarded/a", R"({"who":"you"})");
  CHECK(refused.status == 403);
  CHECK(message_of(refused).find("t:who:you") != std::string::npos);
  CHECK(rehearse("/api/t/v1/guarded/b", R"({"who":"me"})").status == 403);
  CHECK(rehearse("/api/t/v1/guarded/a", "{").status == 400);
  CHECK(rehearse("/api/t/v1/nothing", "{}").status == 404);
  CHECK(at.on->open_replies() == 0);
}

TEST_CASE("a door refuses a call by itself in the envelope of the method") {
  bench at;
  std::vector<api_response> got;
  at.on_lane([&] {
    api_request request;
    request.verb = "GET";
    request.target = "/api/t/v1/echo/a";
    at.door.refuse(*at.on, request, make_api_error(error_code::input_too_large, "too large"),
                   [&](api_response&& r) { got.push_back(std::move(r)); });
  });
  REQUIRE(got.size() == 1);
  CHECK(got[0].status == 413);
  CHECK(code_of(got[0]) == "InputTooLarge");
}
