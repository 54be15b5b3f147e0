#include "gateways/remote/attendance_rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace troupe;

namespace {

const auto task_a = *task_id::parse("AAAAAAAARAyAAAAAAAAAAA");
const auto task_b = *task_id::parse("BBBBBBBBRAyBBBBBBBBBBA");
const held_run a{task_a, 0};
const held_run b{task_b, 3};

const attending_worker someone{task_queue_id{{"proj/ci"}}, {"g", "w"}};

worker_hello hello_of(std::string instance, std::vector<held_run> runs = {}) {
  worker_hello hello;
  hello.instance = std::move(instance);
  hello.queue = someone.first.text;
  hello.worker = someone.second;
  hello.host = "localhost:8080";
  hello.runs = std::move(runs);
  return hello;
}

struct bench {
  attendance_state state;

  attendance_decision enter(session_number session, std::string instance,
                            std::vector<held_run> runs = {}) {
    auto decision = on_hello(state, hello_of(std::move(instance), std::move(runs)), session);
    REQUIRE(decision.has_value());
    return *decision;
  }

  attendance_decision claim(session_number session, std::vector<held_run> runs) {
    on_claim_begins(state, session);
    return on_claim_ends(state, session, runs);
  }
};

bool is_quiet(const attendance_decision& decision) {
  return decision.replaced == 0 && decision.aborts.empty() && decision.returned.empty() &&
         decision.to_look_up.empty() && decision.lost.empty();
}

}  // namespace

TEST_CASE("a hello of another protocol is refused, and the text says what to do") {
  auto hello = hello_of("i");
  CHECK(check_hello(hello).has_value());
  hello.protocol = remote_protocol + 1;
  const auto refused = check_hello(hello);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("use the same release") != std::string::npos);
}

TEST_CASE("a hello with texts or lists beyond all measure is refused") {
  auto hello = hello_of("i");
  hello.version = std::string(256, 'v');
  CHECK(check_hello(hello).has_error());
  hello = hello_of("");
  CHECK(check_hello(hello).has_error());
  hello = hello_of("i", std::vector<held_run>(1025, a));
  CHECK(check_hello(hello).has_error());
  hello = hello_of("i");
  hello.capacity = 0;
  CHECK(check_hello(hello).has_error());
}

TEST_CASE("what somebody else resolves the worker hears once") {
  bench at;
  CHECK(is_quiet(at.enter(1, "i")));
  CHECK(is_quiet(at.claim(1, {a, b})));
  const auto told = on_run_ended(at.state, someone, a, "canceled");
  REQUIRE(told.aborts.size() == 1);
  CHECK(told.aborts[0].task == task_a);
  CHECK(told.aborts[0].reason == "canceled");
  CHECK(is_quiet(on_run_ended(at.state, someone, a, "canceled")));
  CHECK(is_quiet(on_run_ended(at.state, {someone.first, {"g", "other"}}, b, "canceled")));
}

TEST_CASE("what the worker reports itself it does not hear") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a});
  on_report_begins(at.state, 1, a);
  CHECK(is_quiet(on_run_ended(at.state, someone, a, "completed")));
  CHECK(is_quiet(on_report_ends(at.state, 1, a, 200)));
  CHECK(at.state.workers.at(someone).runs.empty());
}

TEST_CASE("a report that came to nothing leaves the run, and an end that was kept back is told") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a, b});
  on_report_begins(at.state, 1, a);
  CHECK(is_quiet(on_report_ends(at.state, 1, a, 503)));
  CHECK(on_run_ended(at.state, someone, a, "canceled").aborts.size() == 1);
  on_report_begins(at.state, 1, b);
  CHECK(is_quiet(on_run_ended(at.state, someone, b, "canceled")));
  CHECK(on_report_ends(at.state, 1, b, 503).aborts.size() == 1);
}

TEST_CASE("a run that ends before the answer to its claim is told behind the answer") {
  bench at;
  at.enter(1, "i");
  on_claim_begins(at.state, 1);
  CHECK(is_quiet(on_run_ended(at.state, someone, a, "canceled")));
  const auto told = on_claim_ends(at.state, 1, {a, b});
  REQUIRE(told.aborts.size() == 1);
  CHECK(told.aborts[0].task == task_a);
  CHECK(at.state.workers.at(someone).runs.size() == 1);
  CHECK(at.state.workers.at(someone).ended_early.empty());
}

TEST_CASE("a worker that comes back in time keeps its runs") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a});
  on_link_lost(at.state, 1, timestamp{5000});
  CHECK(next_time(at.state) == timestamp{5000});
  CHECK(is_quiet(on_time(at.state, timestamp{4999})));
  CHECK(is_quiet(at.enter(2, "i", {a})));
  CHECK_FALSE(next_time(at.state));
  CHECK(is_quiet(on_time(at.state, timestamp{9000})));
  CHECK(on_run_ended(at.state, someone, a, "canceled").aborts.size() == 1);
}

TEST_CASE("a worker that does not come back is lost") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a});
  on_link_lost(at.state, 1, timestamp{5000});
  const auto decision = on_time(at.state, timestamp{5000});
  REQUIRE(decision.lost.size() == 1);
  CHECK(decision.lost[0] == someone);
  CHECK(at.state.workers.empty());
  CHECK(at.state.by_session.empty());
}

TEST_CASE("what a worker comes back without is given back, what ended meanwhile it hears") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a, b});
  on_link_lost(at.state, 1, timestamp{5000});
  CHECK(is_quiet(on_run_ended(at.state, someone, b, "deadline-exceeded")));
  const auto decision = at.enter(2, "i", {b});
  REQUIRE(decision.returned.size() == 1);
  CHECK(decision.returned[0].task == task_a);
  REQUIRE(decision.aborts.size() == 1);
  CHECK(decision.aborts[0].reason == "deadline-exceeded");
}

TEST_CASE("an end that a lost worker's run had is not given back once more") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a});
  on_link_lost(at.state, 1, timestamp{5000});
  on_run_ended(at.state, someone, a, "canceled");
  CHECK(at.enter(2, "another program", {}).returned.empty());
}

TEST_CASE("another program of the name waits until the first is gone") {
  bench at;
  at.enter(1, "first");
  const auto refused = on_hello(at.state, hello_of("second"), 2);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == error_code::request_conflict);
  CHECK(at.state.by_session.size() == 1);
  at.claim(1, {a});
  on_link_lost(at.state, 1, timestamp{5000});
  CHECK(at.enter(3, "second").returned.size() == 1);
}

TEST_CASE("the same program takes the place of its own session, which nobody found dead yet") {
  bench at;
  at.enter(1, "i");
  at.claim(1, {a});
  CHECK(at.enter(2, "i", {a}).replaced == 1);
  CHECK(at.state.by_session.size() == 1);
  // What is heard of the old one does no harm.
  on_link_lost(at.state, 1, timestamp{5000});
  CHECK_FALSE(next_time(at.state));
}

TEST_CASE("what a worker brings and the server does not know is looked up") {
  bench at;
  const auto decision = at.enter(1, "i", {a, b});
  CHECK(decision.to_look_up.size() == 2);
  CHECK(is_quiet(on_looked_up(at.state, 1, a, true, {})));
  const auto told = on_looked_up(at.state, 1, b, false, "claim-expired");
  REQUIRE(told.aborts.size() == 1);
  CHECK(told.aborts[0].run == 3);
  CHECK(is_quiet(on_looked_up(at.state, 1, b, false, "claim-expired")));
  CHECK(at.state.workers.at(someone).runs.size() == 1);
}

TEST_CASE("a worker that leaves is lost only if it leaves something") {
  bench at;
  at.enter(1, "i");
  CHECK(is_quiet(on_leave(at.state, 1)));
  CHECK(at.state.workers.empty());
  at.enter(2, "i");
  at.claim(2, {a});
  CHECK(on_leave(at.state, 2).lost.size() == 1);
  CHECK(is_quiet(on_leave(at.state, 2)));
}

TEST_CASE("which run a call reports is read from its target") {
  const std::string runs = "/api/queue/v1/task/" + task_b.str() + "/runs/";
  CHECK(reported_run("POST", runs + "3/completed") == b);
  CHECK(reported_run("POST", runs + "3/failed") == b);
  CHECK(reported_run("POST", runs + "3/exception") == b);
  CHECK_FALSE(reported_run("POST", runs + "3/reclaim"));
  CHECK_FALSE(reported_run("GET", runs + "3/completed"));
  CHECK_FALSE(reported_run("POST", runs + "x/completed"));
  CHECK_FALSE(reported_run("POST", runs + "99999999999/completed"));
  CHECK_FALSE(reported_run("POST", "/api/queue/v1/task/short/runs/0/completed"));
  CHECK_FALSE(reported_run("POST", "/api/queue/v1/task/" + task_b.str()));
}

TEST_CASE("a hello is signed for the claim of its queue") {
  CHECK(claim_target("proj/ci") == "/api/queue/v1/claim-work/proj%2Fci");
  CHECK(is_claim("POST", claim_target("proj/ci")));
  CHECK_FALSE(is_claim("GET", claim_target("proj/ci")));
}
