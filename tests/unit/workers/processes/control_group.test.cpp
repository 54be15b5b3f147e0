#include "workers/processes/control_group.hpp"

#include <catch2/catch_all.hpp>

using namespace troupe;

namespace {

const std::string groups =
    "8:pids:/\n4:memory,hugetlb:/some/where\n5:cpu,cpuacct:/\n2:name=systemd:/x\n0::/all\n";
const std::string mounts =
    "20 1 0:19 / /proc rw,relatime - proc proc rw\n"
    "31 25 0:27 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory,hugetlb\n"
    "32 25 0:28 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "33 25 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,memory\n";

}  // namespace

TEST_CASE("a process finds its control group by the controller", "[control_group]") {
  CHECK(group_directory_of("memory", groups, mounts) == "/sys/fs/cgroup/memory/some/where");
  CHECK(group_directory_of("pids", groups, mounts) == "/sys/fs/cgroup/pids");
  CHECK(group_directory_of("cpu", groups, mounts) == "");
  CHECK(group_directory_of("mem", groups, mounts) == "");
  CHECK(group_directory_of("memory", "0::/all\n", mounts) == "");
  CHECK(group_directory_of("memory", "", "") == "");
}

TEST_CASE("in a container only a part of the hierarchy is mounted", "[control_group]") {
  const auto part = [](const std::string& root) {
    return "31 25 0:27 " + root + " /groups rw - cgroup cgroup rw,memory\n";
  };
  CHECK(group_directory_of("memory", groups, part("/some")) == "/groups/where");
  CHECK(group_directory_of("memory", groups, part("/some/where")) == "/groups");
  CHECK(group_directory_of("memory", groups, part("/other")) == "");
  CHECK(group_directory_of("memory", groups, part("/so")) == "");
}

TEST_CASE("a command enters its group before it is the command", "[control_group]") {
  const control_group none{{}, {}};
  const auto words = none.entering({"a", "b c"});
  REQUIRE(words.size() == 7);
  CHECK(words[4] == "0");
  CHECK(std::vector<std::string>{words.begin() + 5, words.end()} ==
        std::vector<std::string>{"a", "b c"});
  const control_group both{"/nowhere/memory", "/nowhere/pids"};
  CHECK(both.entering({"a"}).at(4) == "2");
  CHECK(both.entering({"a"}).at(6) == "/nowhere/pids");
  CHECK(both.ended_for_memory() == 0);
  CHECK(both.processes_refused() == 0);
}
