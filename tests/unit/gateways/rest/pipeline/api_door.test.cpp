#include "gateways/rest/api_door.hpp"

#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp now{1'764'000'000'000};

void echo(request_context& call) { call.reply("\"" + std::string{call.param("x")} + "\""); }
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
    return std::vector<api_method>{row, claim};
  }();
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  return name == "claims" ? claims : echo;
}

struct bench : pipeline_bench {
  bench()
      : pipeline_bench(
            "/api/t/v1", rows(), find,
            std::make_shared<auth_snapshot>(std::vector<client_record>{}, std::vector<role>{}),
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
