#include "workers/processes/tool_call.hpp"

#include <catch2/catch_all.hpp>

#include <sys/eventfd.h>
#include <unistd.h>
#include <csignal>

using namespace troupe;

namespace {

using namespace std::chrono_literals;

tool_call shell(const std::string& text) {
  return {{"/bin/sh", "-c", text}, {{"GIVEN", "one two"}}, 60s, -1};
}

}  // namespace

TEST_CASE("a tool's answer is its exit code and what it wrote", "[tool_call]") {
  const auto good = call_tool(shell("echo \"$GIVEN\"; echo late >&2"));
  CHECK(good.good());
  CHECK(good.text == "one two\n");
  CHECK(good.error == "late\n");
  const auto bad = call_tool(shell("echo first >&2; echo why >&2; exit 3"));
  CHECK_FALSE(bad.good());
  CHECK(bad.code == 3);
  CHECK(bad.trouble() == "why");
  CHECK(call_tool(shell("exit 4")).trouble() == "exit code 4");
  CHECK(call_tool(shell("kill -9 $$")).code == 128 + SIGKILL);
  const auto much = call_tool(shell("head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"));
  CHECK(much.text.size() == 1000000);
  CHECK(much.error.size() <= 4096);
}

TEST_CASE("a program that is not there is not started", "[tool_call]") {
  const auto answer = call_tool({{"/no/such/program"}, {}, 60s, -1});
  CHECK(answer.how == tool_answer::kind::not_started);
  CHECK(answer.trouble().find("No such file") != std::string::npos);
}

TEST_CASE("a tool that takes too long ends with what it has started", "[tool_call]") {
  auto call = shell("sleep 1000 & sleep 1000");
  call.limit = 50ms;
  const auto answer = call_tool(call);
  CHECK(answer.how == tool_answer::kind::too_slow);
  CHECK_FALSE(answer.good());
}

TEST_CASE("a tool that is no longer wanted ends", "[tool_call]") {
  auto call = shell("sleep 1000");
  call.interruption = ::eventfd(1, EFD_CLOEXEC);
  const auto answer = call_tool(call);
  ::close(call.interruption);
  CHECK(answer.how == tool_answer::kind::interrupted);
}
