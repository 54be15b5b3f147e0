// Counts allocations by taking the place of the global operator new.

#include "runtime/scopes/expression.hpp"
#include "tests/unit/runtime/auth/some_world.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <new>

namespace {
thread_local std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size == 0 ? 1 : size))
    return made;
  throw std::bad_alloc{};
}

void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }

using namespace troupe;
using namespace troupe::test;

TEST_CASE("a plain client's request is checked without an allocation") {
  const auto world = some_world();
  certificate_cache cache;
  const auto header = sign_header(root, some_target, now, "n0nce");
  auto got = ask(world, header, &cache);  // makes the room that is used again
  const auto before = allocations;
  for (int i = 0; i < 100; ++i)
    got = ask(world, header, &cache);
  CHECK(allocations == before);
  CHECK(got.what == auth_result::status::success);
}

TEST_CASE("scopes are checked without an allocation once the buffer has its room") {
  const auto made = scope_template::parse(boost::json::parse(
      R"({"AnyOf": ["queue:claim:<taskId>/<runId>", {"AllOf": ["queue:claim-any", "x:<taskId>"]}]})"));
  const scope_set have{{"queue:claim-any", "x:HjA36_vQTwGYG3kG4hl6aA"}};
  const auto value_of = [](std::string_view name) {
    return scope_value{std::string_view{name == "runId" ? "0" : "HjA36_vQTwGYG3kG4hl6aA"}};
  };
  std::string buffer;
  buffer.reserve(256);
  const auto before = allocations;
  const auto held = made->satisfied_by(have, value_of, buffer);
  CHECK(allocations == before);
  CHECK(*held);
}
