#include "workers/engines/container/gpu_devices.hpp"

#include <catch2/catch_all.hpp>

using namespace troupe;

TEST_CASE("workers 3.3: GPUs are named by paths, patterns of paths, and CDI", "[gpu_devices]") {
  const auto found = find_gpus({"/dev/nul?", "nvidia.com/gpu=all"});
  REQUIRE(found.has_value());
  CHECK(*found == std::vector<std::string>{"/dev/null", "nvidia.com/gpu=all"});
  const auto none = find_gpus({});
  REQUIRE(none.has_value());
  CHECK(none->empty());
  for (const auto* wrong : {"", "all", "/dev/no_such_device*", "/etc/passwd", "/=x", "a/b", "a/=b",
                            "--privileged", "a/b="})
    CHECK_FALSE(find_gpus({wrong}).has_value());
}
