#include "workers/loop/certificate.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;
namespace json = boost::json;

TEST_CASE("a certificate says what the worker knows, beside what the task adds", "[certificate]") {
  const certificate_facts facts{
      "T", 2, "wg", "wid", {{"payload", 1}}, {{"public/a", "ab"}}, {{"imageHash", "sha256:2"}}};
  const auto made = make_certificate(facts, json::parse(R"({
    "taskId": "false", "artifacts": {"public/b": {"sha256": "cd"}}, "task": {"more": 1},
    "environment": {"imageHash": "sha256:1", "x": "y"}, "extra": {"x": [1]}})")
                                                .as_object());
  CHECK(made == json::parse(R"({
    "chainOfTrustVersion": 1, "taskId": "T", "runId": 2, "workerGroup": "wg", "workerId": "wid",
    "artifacts": {"public/a": {"sha256": "ab"}}, "task": {"payload": 1},
    "environment": {"imageHash": "sha256:2", "x": "y"}, "extra": {"x": [1]}})")
                    .as_object());
  CHECK(is_of_chain_of_trust("public/chain-of-trust.json.sig"));
  CHECK_FALSE(is_of_chain_of_trust("public/chain-of-trust.jsonl"));
}
