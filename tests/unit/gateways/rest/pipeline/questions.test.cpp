// Calls that are asked about instead of made.

#include "gateways/rest/api_door.hpp"
#include "runtime/scopes/demand.hpp"
#include "tests/unit/gateways/rest/pipeline/pipeline_bench.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::test;

namespace {

constexpr timestamp now{1'764'000'000'000};

int effects = 0;

void from_url(request_context& call) {
  ++effects;
  call.reply("{}");
}

void from_body(request_context& call) {
  if (call.body().as_object().contains("wrong"))
    return call.fail(make_api_error(error_code::input_error, "wrong"));
  if (auto allowed = call.authorize(call.body().as_object()); !allowed)
    return call.fail(std::move(allowed).error());
  ++effects;
  call.reply("{}");
}

// What another handler may do after a refusal: it falls back (API-22).
void falls_back(request_context& call) {
  if (auto allowed = call.authorize(boost::json::object{{"list", boost::json::array{"x"}}}))
    ++effects;
  call.reply("{}");
}

// As methods do whose scopes an actor knows; the test answers in the actor's place.
caller_ptr delegated;
void from_state(request_context& call) {
  if (auto by = call.delegate_authorization()) {
    delegated = by;
    (void)call.await_answer();
  }
}

api_method row(std::string_view name, std::string_view route, std::string_view scopes) {
  api_method made;
  made.service = "t";
  made.name = name;
  made.verb = "POST";
  made.route = route;
  made.scopes = scopes;
  if (route.find("<x>") != std::string_view::npos)
    made.params = {{"x", "^[a-z]$", false}};
  return made;
}

const std::vector<api_method>& rows() {
  static const std::vector<api_method> all{
      row("public", "/public", ""),
      row("from_url", "/url/<x>", R"({"AnyOf":["t:<x>","t:every"]})"),
      row("from_body", "/body/<x>",
          R"({"AllOf":["t:<x>",{"for":"scope","in":"list","each":"<scope>"},
              {"if":"guarded","then":"t:guard"}]})"),
      row("perhaps", "/perhaps", R"({"if":"guarded","then":"t:guard"})"),
      row("falls_back", "/back", R"({"AllOf":[{"for":"scope","in":"list","each":"<scope>"}]})"),
      row("from_state", "/state/<x>", R"("t:<secret>")"),
  };
  return all;
}

api_handler find(std::string_view, std::string_view name) {
  if (name == "from_state")
    return from_state;
  if (name == "falls_back")
    return falls_back;
  return name == "from_body" || name == "perhaps" ? from_body : from_url;
}

struct bench : pipeline_bench {
  explicit bench(scope_list of_everybody = {})
      : pipeline_bench("/api/t/v1", rows(), find,
                       std::make_shared<auth_snapshot>(
                           std::vector<client_record>{},
                           std::vector<role>{{"anonymous", std::move(of_everybody)}}),
                       now) {
    effects = 0;
    delegated = nullptr;
  }

  api_request request(std::string_view target, std::string_view body) const {
    api_request made;
    made.verb = "POST";
    made.target = target;
    made.content_type = "application/json";
    made.body = body;
    return made;
  }

  // `in_between` is done while the answer of an actor is awaited.
  scope_question about(std::string_view target, std::string_view body,
                       const std::function<void()>& in_between = {}) {
    caller by;
    by.scopes = api->snapshot->anonymous();
    std::vector<scope_question> got;
    std::shared_ptr<api_door::ticket> ticket;
    on_lane([&] {
      ticket = door.ask(*on, request(target, body), by,
                        [&](scope_question&& answered) { got.push_back(std::move(answered)); });
    });
    if (in_between)
      on_lane(in_between);
    REQUIRE(got.size() == 1);
    CHECK(effects == 0);
    CHECK(on->open_replies() == 0);
    return std::move(got.front());
  }

  api_door door{{api.get()}};
};

std::string needed(const scope_question& of) {
  REQUIRE(of.settled);
  return of.needed ? boost::json::serialize(to_json(*of.needed)) : "public";
}

}  // namespace

TEST_CASE("a question is answered by the scopes of the call, and nothing is done") {
  bench at({"t:a", "t:guard"});
  CHECK(needed(at.about("/api/t/v1/public", "{}")) == "public");
  const auto known = at.about("/api/t/v1/url/a", "{}");
  CHECK(needed(known) == R"({"AnyOf":["t:a","t:every"]})");
  CHECK(known.satisfied);
  CHECK_FALSE(at.about("/api/t/v1/url/b", "{}").satisfied);
  const auto listed = at.about("/api/t/v1/body/a", R"({"list":["p","t:a"],"guarded":true})");
  CHECK(needed(listed) == R"({"AllOf":["t:a","p","t:a","t:guard"]})");
  CHECK_FALSE(listed.satisfied);
  CHECK(at.about("/api/t/v1/body/a", R"({"list":["t:a"],"guarded":true})").satisfied);
  CHECK(needed(at.about("/api/t/v1/perhaps", R"({"guarded":false})")) == "public");
  CHECK(needed(at.about("/api/t/v1/perhaps", R"({"guarded":true})")) == R"("t:guard")");
}

TEST_CASE("API-20 a handler that goes on after its question is answered does nothing") {
  bench at({"x"});
  const auto answered = at.about("/api/t/v1/back", "{}");
  CHECK(needed(answered) == R"({"AllOf":["x"]})");
  CHECK(answered.satisfied);
}

TEST_CASE("API-18 what is asked of the URL alone is answered before what is wrong elsewhere") {
  bench at;
  CHECK(needed(at.about("/api/t/v1/url/NOT", "{}")) == R"({"AnyOf":["t:NOT","t:every"]})");
  const auto bad_place = at.about("/api/t/v1/body/NOT", R"({"list":[],"guarded":false})");
  REQUIRE(bad_place.trouble);
  CHECK(bad_place.trouble->code == error_code::invalid_request_arguments);
  const auto refused = at.about("/api/t/v1/body/a", R"({"wrong":1})");
  REQUIRE(refused.trouble);
  CHECK(refused.trouble->message == "wrong");
  CHECK_FALSE(refused.settled);
  const auto broken = at.about("/api/t/v1/body/a", "{");
  REQUIRE(broken.trouble);
  CHECK(broken.trouble->code == error_code::malformed_payload);
  REQUIRE(at.about("/api/t/v1/nothing", "{}").trouble);
}

TEST_CASE("who knows the scopes of a call is asked by a caller who only asks") {
  bench at({"t:known"});
  const auto answer_by = [&](const std::function<answer()>& make) {
    return [&at, make] { at.on->deliver({0, 0, 0, 1}, make()); };
  };
  const auto demand = [](std::string scope) {
    return [scope] {
      auto refused = demand_scopes(*delegated, scope_expression::one(scope));
      REQUIRE_FALSE(refused.has_value());
      return answer{std::move(refused).error()};
    };
  };
  {
    bench fresh({"t:known"});
    const auto known = fresh.about("/api/t/v1/state/a", "{}", [&] {
      fresh.on->deliver({0, 0, 0, 1}, demand("t:known")());
    });
    CHECK(delegated->only_asks);
    CHECK(needed(known) == R"("t:known")");
    CHECK(known.satisfied);
  }
  const auto unknown =
      at.about("/api/t/v1/state/a", "{}", answer_by([] {
                 return answer{make_api_error(error_code::resource_not_found, "no such task")};
               }));
  REQUIRE(unknown.trouble);
  CHECK(unknown.trouble->message == "no such task");
}

TEST_CASE("an actor that acts on a question is a mistake that is told") {
  bench at;
  const auto acted = at.about("/api/t/v1/state/a", "{}", [&] {
    at.on->deliver({0, 0, 0, 1}, answer("{}"));
  });
  REQUIRE(acted.trouble);
  CHECK(acted.trouble->code == error_code::internal_server_error);
}

TEST_CASE("a question says yes exactly when the call is let in") {
  rc::check([] {
    const auto word = rc::gen::element<std::string>("t:a", "t:b", "t:*", "t:every", "t:guard", "p",
                                                    "p*", "*", "q");
    const auto have = *rc::gen::container<scope_list>(word);
    bench at(have);
    boost::json::array list;
    for (const auto& scope : *rc::gen::container<scope_list>(word))
      list.emplace_back(scope);
    const auto body = boost::json::serialize(
        boost::json::object{{"list", std::move(list)}, {"guarded", *rc::gen::arbitrary<bool>()}});
    const std::string target =
        "/api/t/v1" + *rc::gen::element<std::string>("/url/a", "/url/b", "/body/a", "/body/b",
                                                     "/perhaps", "/public");
    const auto answered = at.about(target, body);
    RC_ASSERT(answered.settled);
    const auto response = at.ask(at.request(target, body));
    RC_ASSERT(answered.satisfied == (response.status == 200));
    RC_ASSERT(answered.satisfied == (effects == 1));
    if (!answered.satisfied)
      RC_ASSERT(message_of(response).find(to_text(*answered.needed)) != std::string::npos);
  });
}
