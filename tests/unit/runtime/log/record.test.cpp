#include "runtime/log/log.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

record_head some_head() {
  record_head head;
  head.level = severity::notice;
  head.type = "monitor.apiMethod";
  head.logger = "taskcluster.queue.api";
  head.time_us = 1764000000123456;
  return head;
}

}  // namespace

TEST_CASE("a record is one line of JSON with sorted keys") {
  std::string line;
  auto head = some_head();
  head.trace_id = "t-1";
  head.request_id = "r-1";
  head.message = "one\ntwo \"quoted\"";
  append_json_record(line, head, R"({"v":1})", "0.1.0");
  REQUIRE(line.ends_with("}\n"));
  CHECK(line.find('\n') == line.size() - 1);
  const auto record = boost::json::parse(line).as_object();
  std::string previous;
  for (const auto& member : record) {
    const std::string key{member.key()};
    CHECK(previous < key);
    previous = key;
  }
  CHECK(record.at("Timestamp").as_int64() == 1764000000123456000);
  CHECK(record.at("Severity") == 5);
  CHECK(record.at("severity") == "NOTICE");
  CHECK(record.at("Logger") == "taskcluster.queue.api");
  CHECK(record.at("EnvVersion") == "2.0");
  CHECK(record.at("message") == "one");
  CHECK(record.at("traceId") == "t-1");
  CHECK(record.at("requestId") == "r-1");
  CHECK(record.at("Fields").at("v") == 1);
  CHECK(record.at("serviceContext").at("version") == "0.1.0");
}

TEST_CASE("ids and message are left out when there are none") {
  std::string line;
  append_json_record(line, some_head(), "{}", "");
  const auto record = boost::json::parse(line).as_object();
  CHECK_FALSE(record.contains("message"));
  CHECK_FALSE(record.contains("traceId"));
  CHECK_FALSE(record.contains("requestId"));
}

TEST_CASE("control characters in texts are escaped") {
  std::string line;
  auto head = some_head();
  head.type = "a\x01\"\\b";
  append_json_record(line, head, "{}", "");
  CHECK(boost::json::parse(line).at("Type") == "a\x01\"\\b");
}

TEST_CASE("secrets are blanked at every depth") {
  auto value = boost::json::parse(
      R"({"a":[{"accessToken":"x","b":{"password":1,"bewit":"y","keep":2}}],"credentials":{"c":1}})");
  blank_secrets(value);
  CHECK(
      value ==
      boost::json::parse(
          R"({"a":[{"accessToken":"...","b":{"password":"...","bewit":"...","keep":2}}],"credentials":"..."})"));
}

TEST_CASE("the terminal form has time, level and message or fields") {
  std::string line;
  auto head = some_head();
  append_terminal_record(line, head, R"({"v":1})");
  CHECK(line == "16:00:00.123 NOTICE monitor.apiMethod {\"v\":1}\n");
  line.clear();
  head.message = "listening";
  append_terminal_record(line, head, "{}");
  CHECK(line == "16:00:00.123 NOTICE listening\n");
}

TEST_CASE("levels apply to the root and to named loggers") {
  CHECK_FALSE(log_enabled(severity::emergency));
  start_log({.form = log_format::json, .level = "root:warning api:debug", .to_stderr = true});
  CHECK(log_enabled(severity::warning));
  CHECK_FALSE(log_enabled(severity::notice));
  CHECK(log_enabled(severity::debug, "api"));
  CHECK_FALSE(log_enabled(severity::trace, "api"));
  CHECK_FALSE(log_enabled(severity::info, "other"));
  stop_log();
  CHECK_FALSE(log_enabled(severity::emergency));
}
