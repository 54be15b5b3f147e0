#include "runtime/lane/lane.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/init_global_meta_objects.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

TEST_CASE("within a moment the time of a lane stands still until it is looked at again") {
  caf::core::init_global_meta_objects();
  caf::actor_system_config config;
  caf::actor_system system{config};
  manual_clock time{{1'000}};
  lane on{0, 1, system, time};
  const auto later = [&] { return time.advance(5ms); };
  later();
  CHECK(on.now().ms == 1'005);
  {
    const lane::moment outer{on};
    later();
    CHECK(on.now().ms == 1'005);
    {
      const lane::moment inner{on};
      later();
      CHECK(on.now().ms == 1'005);
    }
    CHECK(on.now().ms == 1'005);
    const auto first = on.unique_us();
    CHECK(first == 1'005'000);
    CHECK(on.unique_us() == first + 1);
    on.renew_moment();
    CHECK(on.now().ms == 1'015);
    CHECK(on.unique_us() == 1'015'000);
  }
  later();
  CHECK(on.now().ms == 1'020);
  on.renew_moment();
  later();
  CHECK(on.now().ms == 1'025);
}
