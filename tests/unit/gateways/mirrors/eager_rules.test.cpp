#include "gateways/mirrors/eager_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

const std::string one = "fN1SbArXTPSVFNUvaOlinQ";
const std::string other = "AAAAAAAAQACAAAAAAAAAAA";

std::optional<pending_task> read(std::string_view exchange, std::string_view key) {
  return pending_task_of({{}, exchange, key, {}, "{}", {}});
}

}  // namespace

TEST_CASE("section 7.2 a pending task and its pool stand in the routing key") {
  const std::string key = "primary." + one + ".0._._.aws.west-1.-." + other + "._";
  const auto task = read("exchange/taskcluster-queue/v1/task-pending", key);
  REQUIRE(task);
  CHECK(task->id.str() == one);
  CHECK(task->queue == "aws/west-1");
  CHECK_FALSE(read("exchange/taskcluster-queue/v1/task-defined", key));
  CHECK_FALSE(read("exchange/taskcluster-queue/v1/task-pending", "primary.x"));
  CHECK_FALSE(read("exchange/taskcluster-queue/v1/task-pending", "primary.x.0._._.a.b.c.d._"));
}

TEST_CASE("section 7.2 mounts and dependencies say what a task will read") {
  const auto definition = R"({"dependencies": [")" + one +
                          R"(", "nonsense", 7], "payload": {"mounts": [
    {"content": {"taskId": ")" +
                          other + R"(", "artifact": "public/x"}, "file": "x"},
    {"content": {"url": "https://example.com/"}}, {"cacheName": "c"}, 5,
    {"content": {"taskId": "nonsense", "artifact": "public/x"}}]}})";
  const auto id = *task_id::parse(other);
  CHECK(mounted_artifacts(definition) == std::vector{needed_artifact{id, "public/x"}});
  REQUIRE(required_tasks(definition).size() == 1);
  CHECK(required_tasks(definition).front().str() == one);
  for (const char* bad : {"", "[]", "{}", R"({"payload": [], "dependencies": {}})"}) {
    CHECK(mounted_artifacts(bad).empty());
    CHECK(required_tasks(bad).empty());
  }
}

TEST_CASE("section 7.2 logs, links and what is elsewhere have no copies before somebody asks") {
  const auto names = copyable_names(R"({"artifacts": [
    {"name": "public/a", "storageType": "s3"}, {"name": "b", "storageType": "object"},
    {"name": "public/logs/live_backing.log", "storageType": "s3"},
    {"name": "public/l", "storageType": "link"}, {"name": "public/r", "storageType": "reference"}]})");
  CHECK(names == std::vector<std::string>{"public/a", "b"});
  CHECK(copyable_names("").empty());
}
