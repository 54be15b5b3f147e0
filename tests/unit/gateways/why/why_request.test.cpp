#include "gateways/why/why_request.hpp"

#include "messages/api/index_methods.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/api/router.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace json = boost::json;

namespace {

const api_method* find(std::string_view service, std::string_view name) {
  for (const auto* rows : {&queue_methods(), &index_methods()})
    for (const auto& row : *rows)
      if (row.service == service && row.name == name)
        return &row;
  return nullptr;
}

why_request good(std::string_view text) {
  auto read = why_request::read(json::parse(text), find);
  INFO((read ? std::string{} : read.error().message));
  REQUIRE(read.has_value());
  return std::move(*read);
}

api_error bad(std::string_view text) {
  auto read = why_request::read(json::parse(text), find);
  REQUIRE_FALSE(read.has_value());
  return std::move(read).error();
}

}  // namespace

TEST_CASE("a question becomes the call as a client would send it") {
  const auto by_name = good(R"({"service":"queue","method":"getArtifact",
    "params":{"taskId":"t","runId":0,"name":"public/a b"}})");
  CHECK(by_name.target == "/api/queue/v1/task/t/runs/0/artifacts/public%2Fa%20b");
  CHECK(by_name.method->verb == "GET");
  CHECK(by_name.body.empty());
  const auto in_order = good(R"({"service":"queue","method":"getArtifact",
    "params":["t",0,"public/a b"],"query":{"bewit":"x&y","n":3},"payload":{"a":1}})");
  CHECK(in_order.target == by_name.target + "?bewit=x%26y&n=3");
  CHECK(in_order.body == R"({"a":1})");
  CHECK(good(R"({"service":"index","method":"listTasks"})").target == "/api/index/v1/tasks/");
  CHECK(good(R"({"service":"queue","method":"ping","clientId":"c"})").client_id == "c");
  CHECK(good(R"({"service":"queue","method":"ping","scopes":["a*"]})").scopes == scope_list{"a*"});
}

TEST_CASE("what is wrong with a question is said") {
  const auto says = [](const api_error& error, std::string_view words) {
    INFO(error.message);
    CHECK(error.message.find(words) != std::string::npos);
  };
  says(bad("[]"), "object");
  says(bad("{}"), "'service'");
  says(bad(R"({"service":"queue"})"), "'method'");
  says(bad(R"({"service":"queue","method":"ping","more":1})"), "'more'");
  const auto unknown = bad(R"({"service":"queue","method":"nothing"})");
  CHECK(unknown.code == error_code::resource_not_found);
  says(unknown, "queue.nothing");
  says(bad(R"({"service":"queue","method":"task"})"), "'taskId'");
  says(bad(R"({"service":"queue","method":"task","params":[""]})"), "'taskId'");
  says(bad(R"({"service":"queue","method":"task","params":{"taskId":true}})"), "'taskId'");
  says(bad(R"({"service":"queue","method":"task","params":{"taskid":"x"}})"), "'taskid'");
  says(bad(R"({"service":"queue","method":"task","params":["a","b"]})"), "2 values");
  says(bad(R"({"service":"queue","method":"task","params":"a"})"), "'params'");
  says(bad(R"({"service":"queue","method":"ping","query":[]})"), "'query'");
  says(bad(R"({"service":"queue","method":"ping","query":{"a":[]}})"), "'a'");
  says(bad(R"({"service":"queue","method":"ping","clientId":"a","scopes":[]})"), "not both");
  says(bad(R"({"service":"queue","method":"ping","clientId":7})"), "'clientId'");
  says(bad(R"({"service":"queue","method":"ping","scopes":"a"})"), "'scopes'");
  says(bad(R"({"service":"queue","method":"ping","scopes":["\n"]})"), "no scope");
}

TEST_CASE("whatever the values are, the call goes to the method that is asked about") {
  router routes;
  routes.add("/api/queue/v1", queue_methods());
  rc::check([&routes] {
    const auto& method = *rc::gen::elementOf(queue_methods());
    json::array params;
    std::vector<std::string> values;
    for (const auto& param : method.params) {
      // Fixed routes go before parameters.
      auto text = *rc::gen::nonEmpty(rc::gen::container<std::string>(
          rc::gen::oneOf(rc::gen::inRange<char>(33, 127), rc::gen::element('/', '%', ' ', '.'))));
      if (!param.rest_of_path)
        text += "~";
      params.emplace_back(text);
      values.push_back(std::move(text));
    }
    const auto made = why_request::read(
        json::object{
            {"service", method.service}, {"method", method.name}, {"params", std::move(params)}},
        find);
    RC_ASSERT(made.has_value());
    const auto match = routes.match(method.verb, made->target);
    RC_ASSERT(match.what == route_match::result::found);
    RC_ASSERT(match.method->service == method.service);
    if (match.method->name == method.name)
      RC_ASSERT(match.values == values);
  });
}
