#include "workers/loop/resource_monitor.hpp"

#include <catch2/catch_all.hpp>

#include <sys/wait.h>
#include <unistd.h>

using namespace troupe;

TEST_CASE("workers 3.1.3: a report of resources has peaks and averages", "[resources]") {
  constexpr std::uint64_t mib = 1024 * 1024;
  using seconds = std::chrono::duration<double>;
  resource_report report;
  CHECK(report.lines().empty());
  report.add(seconds{0.5}, {2, 10 * mib, 0.5});
  report.add(seconds{1.0}, {5, 30 * mib, 1.5});
  report.add(seconds{1.5}, {1, 5 * mib, 1.4});  // one ended unseen
  report.add(seconds{2.0}, {0, 0, 1.6});
  const auto lines = report.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("[resource-monitor] Memory: peak 30.0 MiB, average 15.0 MiB, of "));
  CHECK(lines[1].starts_with("[resource-monitor] Processors: peak 2.00, average 0.80, of "));
  CHECK(lines[2] == "[resource-monitor] Processes: peak 5");
}

TEST_CASE("of a run that was over before anybody looked nothing is reported", "[resources]") {
  resource_report report;
  report.add(std::chrono::duration<double>{0.01}, {0, 0, 0.001});
  CHECK(report.lines().empty());
}

TEST_CASE("what the processes below one use is seen, and what they have used", "[resources]") {
  int go[2];
  REQUIRE(::pipe(go) == 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto grandchild = ::fork();
    char byte = 0;
    if (::read(go[0], &byte, 1) < 0)
      ::_exit(1);
    if (grandchild > 0)
      ::waitpid(grandchild, nullptr, 0);
    ::_exit(0);
  }
  process_use use;
  while (use.processes != 2)
    use = use_below(::getpid());
  CHECK(use.memory > 0);
  CHECK(::write(go[1], "xx", 2) == 2);
  ::waitpid(child, nullptr, 0);
  CHECK(use_below(::getpid()).processes == 0);
  CHECK(use_below(::getpid()).memory == 0);
  ::close(go[0]);
  ::close(go[1]);
}
