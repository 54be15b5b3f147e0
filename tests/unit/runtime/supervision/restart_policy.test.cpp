#include "runtime/supervision/restart_policy.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};

}  // namespace

TEST_CASE("the first failure costs no pause, each further one of a row twice the pause before") {
  failure_row row;
  const restart_limits limits;
  std::vector<std::int64_t> pauses;
  for (int i = 0; i < 9; ++i)
    pauses.push_back(note_failure(row, start + i * 1s, limits)->count());
  CHECK(pauses == std::vector<std::int64_t>{0, 100, 200, 400, 800, 1600, 3200, 6400, 10'000});
  CHECK_FALSE(note_failure(row, start + 10s, limits));
  CHECK(row.total == 10);
}

TEST_CASE("a quiet time ends the row, but not the count") {
  failure_row row;
  const restart_limits limits;
  note_failure(row, start, limits);
  note_failure(row, start + 1s, limits);
  CHECK(note_failure(row, start + 61s, limits)->count() == 0);
  CHECK(row.in_a_row == 1);
  CHECK(row.total == 3);
}

TEST_CASE("without a limit it is never given up") {
  failure_row row;
  restart_limits limits;
  limits.most = 0;
  for (int i = 0; i < 100'000; ++i)
    REQUIRE(note_failure(row, start + i * 1ms, limits));
  CHECK(note_failure(row, start + 101s, limits) == 10'000ms);
}

TEST_CASE("whatever fails when, pauses grow within a row and stay in their bounds") {
  CHECK(rc::check([] {
    restart_limits limits;
    limits.first_pause = std::chrono::milliseconds{*rc::gen::inRange(1, 500)};
    limits.longest_pause = limits.first_pause * *rc::gen::inRange(1, 100);
    limits.quiet = std::chrono::milliseconds{*rc::gen::inRange(1, 5000)};
    limits.most = *rc::gen::inRange(2u, 20u);
    failure_row row;
    auto now = start;
    std::chrono::milliseconds before{0};
    unsigned in_a_row = 0;
    for (int i = 0; i < 50; ++i) {
      const std::chrono::milliseconds step{*rc::gen::inRange(0, 6000)};
      now = now + step;
      const bool new_row = i == 0 || step >= limits.quiet;
      in_a_row = new_row ? 1 : in_a_row + 1;
      const auto pause = note_failure(row, now, limits);
      RC_ASSERT(row.total == static_cast<std::uint64_t>(i) + 1);
      RC_ASSERT(pause.has_value() == (in_a_row < limits.most));
      if (!pause)
        return;
      RC_ASSERT(*pause <= limits.longest_pause);
      RC_ASSERT((new_row ? pause->count() == 0 : *pause >= before));
      before = *pause;
    }
  }));
}
