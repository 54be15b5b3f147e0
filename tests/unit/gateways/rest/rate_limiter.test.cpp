#include "gateways/rest/rate_limiter.hpp"
#include "gateways/rest/nonce_memory.hpp"
#include "gateways/rest/request_guard.hpp"
#include "runtime/config/settings.hpp"

#include <algorithm>
#include <vector>

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

namespace troupe {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr timestamp start{1'700'000'000'000};

}  // namespace

TEST_CASE("a rate limiter lets a burst through, then so many a second") {
  rate_limiter limiter(10, seconds{2});
  for (int i = 0; i < 20; ++i)
    CHECK(limiter.take("one", start).count() == 0);
  const auto wait = limiter.take("one", start);
  CHECK(wait == milliseconds{100});
  CHECK(limiter.take("other", start).count() == 0);
  CHECK(limiter.take("one", start + wait).count() == 0);
  CHECK(limiter.take("one", start + wait).count() > 0);
  // After the whole burst has passed it may all be used again.
  for (int i = 0; i < 20; ++i)
    CHECK(limiter.take("one", start + seconds{10}).count() == 0);
}

TEST_CASE("a rate limiter of nothing limits nothing") {
  rate_limiter limiter(0, seconds{1});
  CHECK_FALSE(limiter.limits());
  for (int i = 0; i < 1000; ++i)
    CHECK(limiter.take("one", start).count() == 0);
  CHECK(limiter.size() == 0);
}

TEST_CASE("a rate limiter forgets who has all its burst again") {
  rate_limiter limiter(1, seconds{1});
  for (int second = 0; second < 200; ++second)
    for (int i = 0; i < 1000; ++i)
      limiter.take(std::to_string(second * 1000 + i), start + seconds{second * 10});
  CHECK(limiter.size() <= 16 * 2048);
}

TEST_CASE("what is charged makes wait, but never for longer than a burst more") {
  rate_limiter limiter(10, seconds{1});
  limiter.charge("one", start, 1'000'000);
  const auto wait = limiter.take("one", start);
  CHECK(wait > milliseconds{0});
  CHECK(wait <= seconds{2});
  CHECK(limiter.take("one", start + wait).count() == 0);
}

TEST_CASE("a rate limiter never lets more through than the limit, and what waits as told gets in") {
  CHECK(rc::check("no window has more than burst and rate allow", [] {
    const auto per_second = *rc::gen::inRange<std::uint32_t>(1, 200);
    const auto burst = *rc::gen::inRange(1, 5);
    const auto gaps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 400));
    rate_limiter limiter(per_second, seconds{burst});
    std::vector<std::int64_t> passed;
    auto now = start;
    for (const auto gap : gaps) {
      now = now + milliseconds{gap};
      const auto wait = limiter.take("one", now);
      if (wait.count() == 0) {
        passed.push_back(now.ms);
        continue;
      }
      RC_ASSERT(limiter.take("one", now + (wait - milliseconds{1})).count() > 0);
      now = now + wait;
      RC_ASSERT(limiter.take("one", now).count() == 0);
      passed.push_back(now.ms);
    }
    for (std::size_t i = 0; i < passed.size(); ++i)
      for (auto j = i; j < passed.size(); ++j) {
        const auto window_s = static_cast<double>(passed[j] - passed[i]) / 1000;
        RC_ASSERT(static_cast<double>(j - i + 1) <=
                  per_second * (static_cast<double>(burst) + window_s) * 1.001 + 1);
      }
  }));
}

TEST_CASE("a signature is new once, as long as it would be accepted") {
  nonce_memory memory;
  CHECK(memory.is_new("one", start));
  CHECK_FALSE(memory.is_new("one", start));
  CHECK(memory.is_new("two", start + std::chrono::minutes{29}));
  CHECK_FALSE(memory.is_new("one", start + std::chrono::minutes{30}));
  CHECK_FALSE(memory.is_new("two", start + std::chrono::minutes{58}));
  CHECK(memory.is_new("three", start + std::chrono::hours{5}));
  CHECK(memory.size() <= 3);
}

TEST_CASE("the guard limits clients by who issued their credentials, and not this machine") {
  settings config;
  config.client_rate_limit = 1;
  config.address_rate_limit = 1;
  config.rate_limit_burst_s = 1;
  request_guard guard(config);
  CHECK(guard.admit_client("a/one", "a", start).has_value());
  const auto refused = guard.admit_client("a/two", "a", start);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == error_code::too_many_requests);
  CHECK(refused.error().details.at("retryAfter").as_int64() == 1);
  // Each task has its own.
  CHECK(guard.admit_client("task-client/x", "static/taskcluster/queue", start).has_value());
  CHECK(guard.admit_client("task-client/y", "static/taskcluster/queue", start).has_value());
  CHECK(guard.admit_address("10.0.0.1", start).has_value());
  CHECK_FALSE(guard.admit_address("10.0.0.1", start).has_value());
  CHECK(guard.admit_address("127.0.0.1", start).has_value());
  CHECK(guard.admit_address("127.0.0.1", start).has_value());
  guard.note_bad_credentials("10.0.0.2", start);
  CHECK_FALSE(guard.admit_address("10.0.0.2", start).has_value());
}

TEST_CASE("the guard takes each signature once, but for reading and signed URLs") {
  settings config;
  CHECK(request_guard(config).admit_signature("PUT", "mac", start).has_value());
  config.nonce_memory = true;
  request_guard guard(config);
  CHECK(guard.admit_signature("PUT", "mac", start).has_value());
  CHECK_FALSE(guard.admit_signature("PUT", "mac", start).has_value());
  CHECK(guard.admit_signature("GET", "mac", start).has_value());
  CHECK(guard.admit_signature("POST", "", start).has_value());
  CHECK(guard.admit_signature("POST", "", start).has_value());
}

}  // namespace troupe
