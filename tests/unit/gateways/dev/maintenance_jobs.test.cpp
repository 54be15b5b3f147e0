#include "gateways/dev/maintenance_jobs.hpp"

#include <boost/json.hpp>

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <vector>

namespace troupe {

namespace json = boost::json;

namespace {

std::string complaint(const char* text) {
  const auto read = maintenance_request::read(json::parse(text));
  REQUIRE(read.has_error());
  CHECK(read.error().code == error_code::input_error);
  return read.error().message;
}

}  // namespace

TEST_CASE("dev mode 3 every job of the contract is in the table once") {
  std::vector<std::string_view> names;
  for (const auto& job : maintenance_jobs())
    names.push_back(job.name);
  CHECK(names == std::vector<std::string_view>{
                     "expire-artifacts", "expire-tasks", "expire-task-groups",
                     "expire-task-dependency", "expire-queue-messages", "expire-worker-info",
                     "purge-expired-clients", "expire-secrets", "expire-index", "expire-hooks",
                     "expire-objects", "expire-worker-pools", "expire-workers",
                     "expire-worker-pool-errors",
                     // Ours: the protocol has no name for it.
                     "expire-sentry-keys"});
}

TEST_CASE("dev mode 3 a maintenance request names a job and perhaps a time") {
  const auto plain = maintenance_request::read(json::parse(R"({"job":"expire-tasks"})"));
  REQUIRE(plain.has_value());
  CHECK(plain->job->name == "expire-tasks");
  CHECK(plain->job->steps.size() == 2);
  CHECK_FALSE(plain->as_of.has_value());
  const auto timed = maintenance_request::read(
      json::parse(R"({"asOf":"1970-01-01T00:00:01.500Z","job":"expire-hooks"})"));
  REQUIRE(timed.has_value());
  CHECK(timed->as_of == timestamp{1500});
  CHECK(timed->job->steps.empty());
}

TEST_CASE("dev mode 3 a maintenance request that makes no sense is answered with what is wrong") {
  CHECK(complaint("[]").find("\"job\"") != std::string::npos);
  CHECK(complaint("{}").find("names no job") != std::string::npos);
  CHECK(complaint(R"({"job":"x"})").find("'x'; there are: expire-artifacts") != std::string::npos);
  CHECK(complaint(R"({"job":7})").find("'job'") != std::string::npos);
  CHECK(complaint(R"({"job":"expire-tasks","asOf":"soon"})").find("'soon'") != std::string::npos);
  CHECK(complaint(R"({"job":"expire-tasks","when":"now"})").find("'when'") != std::string::npos);
}

}  // namespace troupe
