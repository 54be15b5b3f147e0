#include "tests/bench/task_body.hpp"

#include "tests/bench/options.hpp"
#include "tests/bench/text.hpp"

#include <ctime>

namespace troupe_load {

namespace {

constexpr std::size_t slugid_size = 22;

std::string head(const options& from, const std::string& queue) {
  const auto now = std::time(nullptr);
  return R"(","taskQueueId":")" + queue + R"(","schedulerId":")" + from.scheduler +
         R"(","projectId":"bench","priority":"low","retries":2,"created":")" + iso_time(now) +
         R"(","deadline":")" + iso_time(now + 3600 * 4) + R"(","expires":")" +
         iso_time(now + 86400 * 2) +
         R"(","dependencies":[],"requires":"all-completed","routes":[],"scopes":[],"payload":{"maxRunTime":3600,)"
         R"("command":[["/bin/bash","-cx","cd checkout && ./mach build && ./mach test --suite unit --chunk 3/8"]],)"
         R"("env":{"CI":"1","MOZ_SCM_LEVEL":"1","GECKO_HEAD_REV":"c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00"},)"
         R"("artifacts":[{"name":"public/logs","path":"logs","type":"directory"},)"
         R"({"name":"public/build/target.tar.zst","path":"out/target.tar.zst","type":"file"}],"notes":")";
}

constexpr std::string_view tail =
    R"("},"metadata":{"name":"bench-linux64/opt-unit-3","description":"one task of the load generator",)"
    R"("owner":"bench@example.com","source":"https://example.com/bench/repo/taskcluster/ci"},)"
    R"("tags":{"kind":"test","os":"linux","createdForUser":"bench@example.com"},"extra":{"treeherder":)"
    R"({"symbol":"u3","groupSymbol":"U","machine":{"platform":"linux64"},"collection":{"opt":true}}}})";

}  // namespace

task_body::task_body(const options& from) : before_group_(R"({"taskGroupId":")") {
  constexpr std::string_view filler = "the quick brown fox jumps over the lazy dog 0123456789 ";
  for (int queue = 0; queue < from.queues; ++queue) {
    auto rest = head(from, from.queues == 1 ? from.queue : from.queue + std::to_string(queue));
    const auto size = before_group_.size() + slugid_size + rest.size() + tail.size();
    for (std::size_t i = 0; size + i < static_cast<std::size_t>(from.payload_bytes); ++i)
      rest += filler[i % filler.size()];
    rest += tail;
    after_group_.push_back(std::move(rest));
  }
}

}  // namespace troupe_load
