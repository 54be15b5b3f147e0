#include "actors/log_keeper/log_keeper_rules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

task_id some_task() { return *task_id::parse("fN1SbArXTPSVFNUvaOlinQ"); }

kept_log some_log() {
  kept_log log;
  log.task = some_task();
  log.run = 1;
  return log;
}

answer failure(error_code code) { return answer{make_api_error(code, "because")}; }

answer definition(const std::string& payload = "{}") {
  return answer{R"({"expires":"2026-11-28T12:00:00.000Z","payload":)" + payload + "}"};
}

kept_log log_at(keeping_step step) {
  auto log = some_log();
  take_answer(log, definition());
  log.step = step;
  return log;
}

std::optional<run_name> behind(std::string_view exchange, std::string_view key) {
  event what;
  what.exchange = exchange;
  what.routing_key = key;
  return run_behind(what);
}

}  // namespace

TEST_CASE(
    "workers 6: the run without a worker is that of an exception, or the one before a retry") {
  constexpr std::string_view exception = "exchange/taskcluster-queue/v1/task-exception";
  constexpr std::string_view pending = "exchange/taskcluster-queue/v1/task-pending";
  constexpr std::string_view key = "primary.fN1SbArXTPSVFNUvaOlinQ.2._._.p.w.s.g._";
  CHECK(behind(exception, key) == run_name{some_task(), 2});
  CHECK(behind(pending, key) == run_name{some_task(), 1});
  CHECK_FALSE(behind(pending, "primary.fN1SbArXTPSVFNUvaOlinQ.0._._.p.w.s.g._"));
  CHECK_FALSE(behind("exchange/taskcluster-queue/v1/task-running", key));
  CHECK_FALSE(behind("exchange/taskcluster-auth/v1/client-created", key));
  CHECK_FALSE(behind(exception, "primary.nonsense.0._"));
  CHECK_FALSE(behind(exception, "primary.fN1SbArXTPSVFNUvaOlinQ._._"));
  CHECK_FALSE(behind(exception, "primary"));
}

TEST_CASE("workers 6: only an exception of a run that had a worker counts as one") {
  const std::string status =
      R"({"status":{"runs":[
        {"state":"exception","reasonResolved":"claim-expired","started":"2026-11-28T12:00:00.000Z"},
        {"state":"exception","reasonResolved":"canceled"},
        {"state":"completed","reasonResolved":"completed","started":"2026-11-28T12:00:00.000Z"}]}})";
  CHECK(how_resolved(status, 0) == "claim-expired");
  CHECK(how_resolved(status, 1).empty());
  CHECK(how_resolved(status, 2).empty());
  CHECK(how_resolved(status, 3).empty());
  CHECK(how_resolved("no JSON", 0).empty());
}

TEST_CASE("workers 6: a log goes its way to an artifact under the names of its worker") {
  auto log = some_log();
  CHECK(std::get<get_task>(question_of(log)).task == some_task());
  REQUIRE(take_answer(log, definition(R"({"logs":{"live":"l.log","backing":"b.log"}})")).what ==
          keeping::goes_on);
  CHECK(std::get<describe_artifact>(question_of(log)).name == "l.log");
  SECTION("nobody was at it") { take_answer(log, failure(error_code::resource_not_found)); }
  SECTION("the worker had begun") { take_answer(log, answer{R"({"storageType":"reference"})"}); }
  const auto create = std::get<create_artifact>(question_of(log));
  CHECK(create.name == "b.log");
  CHECK(create.run == 1);
  CHECK(create.storage == artifact_storage::s3);
  CHECK(create.expires == *parse_date_time("2026-11-28T12:00:00.000Z"));
  CHECK(create.for_lost_worker);
  take_answer(log, answer{R"({"putUrl":"http://x/y","contentType":"text/plain"})"});
  CHECK(std::holds_alternative<std::monostate>(question_of(log)));
  CHECK(log.put_url == "http://x/y");
  CHECK(log.put_type == "text/plain");
  REQUIRE(take_upload(log, true, boost::system::in_place_value).what == keeping::goes_on);
  const auto link = std::get<create_artifact>(question_of(log));
  CHECK(link.name == "l.log");
  CHECK(link.storage == artifact_storage::link);
  CHECK(link.details == "b.log");
  CHECK(link.for_lost_worker);
  CHECK(take_answer(log, answer{"{}"}).what == keeping::over);
}

TEST_CASE("workers 6: what the worker has kept after all stays") {
  auto log = log_at(keeping_step::look);
  CHECK(take_answer(log, answer{R"({"storageType":"link"})"}).what == keeping::over);
}

TEST_CASE("workers 6: names and wishes are read from either kind of payload") {
  auto log = some_log();
  SECTION("docker-worker names one log") {
    take_answer(log, definition(R"({"log":"public/a.b/my.txt"})"));
    CHECK(log.live == "public/a.b/my.txt");
    CHECK(log.backing == "public/a.b/my_backing.txt");
  }
  SECTION("which need not have an ending") {
    take_answer(log, definition(R"({"log":"public/a.b/my"})"));
    CHECK(log.backing == "public/a.b/my_backing");
  }
  SECTION("nobody wants the whole log") {
    for (const auto* payload :
         {R"({"features":{"backingLog":false}})", R"({"features":{"bulkLog":false}})"})
      CHECK(take_answer(log = some_log(), definition(payload)).what == keeping::over);
  }
  SECTION("nobody wants a live one") {
    take_answer(log, definition(R"({"features":{"liveLog":false}})"));
    REQUIRE(log.step == keeping_step::create);
    take_answer(log, answer{R"({"putUrl":"u","contentType":"t"})"});
    CHECK(take_upload(log, true, boost::system::in_place_value).what == keeping::over);
  }
  SECTION("nonsense is as if nothing were said") {
    for (const auto* payload : {"[]", R"({"logs":7,"log":[]})", R"({"features":[]})"}) {
      REQUIRE(take_answer(log = some_log(), definition(payload)).what == keeping::goes_on);
      CHECK(log.backing == "public/logs/live_backing.log");
      CHECK(log.live == "public/logs/live.log");
    }
  }
}

TEST_CASE("workers 6: the log of a task that is gone is gone; what can never be kept is over") {
  auto log = some_log();
  CHECK(take_answer(log, failure(error_code::resource_not_found)).what == keeping::gone);
  const auto unreadable = take_answer(log = some_log(), answer{"no JSON"});
  CHECK(unreadable.what == keeping::over);
  CHECK_FALSE(unreadable.warning.empty());
  for (const auto step : {keeping_step::create, keeping_step::link})
    for (const auto code : {error_code::input_error, error_code::request_conflict}) {
      auto stuck = log_at(step);
      const auto verdict = take_answer(stuck, failure(code));
      CHECK(verdict.what == keeping::over);
      CHECK(verdict.warning.find("because") != std::string::npos);
    }
  auto lost = log_at(keeping_step::upload);
  CHECK(take_upload(lost, false, boost::system::in_place_value).what == keeping::over);
}

TEST_CASE("workers 6: what fails for now is tried again from the beginning, ever more seldom") {
  for (const auto step :
       {keeping_step::read_task, keeping_step::look, keeping_step::create, keeping_step::link}) {
    auto log = log_at(step);
    CHECK(take_answer(log, failure(error_code::service_unavailable)).what == keeping::again);
    CHECK(log.step == keeping_step::read_task);
  }
  auto log = log_at(keeping_step::upload);
  const outcome<void> away = make_api_error(error_code::service_unavailable, "no route");
  const auto first = take_upload(log, true, away);
  CHECK(first.what == keeping::again);
  CHECK(first.warning.find("no route") != std::string::npos);
  auto pause = pause_before(log);
  CHECK(pause == 5s);
  for (int i = 0; i < 40; ++i) {
    CHECK(take_upload(log, true, away).warning.empty());
    CHECK(pause_before(log) >= pause);
    pause = pause_before(log);
  }
  CHECK(pause == 1h);
}
