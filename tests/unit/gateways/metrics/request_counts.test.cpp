#include "gateways/rest/request_counts.hpp"
#include "messages/api/method.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <numeric>

using namespace troupe;

namespace {

const request_counts::row* find(const request_counts& counts, const api_method& method,
                                std::uint16_t status) {
  for (const auto& row : counts.calls())
    if (row.method == &method && row.status == status)
      return &row;
  return nullptr;
}

}  // namespace

TEST_CASE("request counts: a bound belongs to its class") {
  api_method method{};
  request_counts counts;
  for (const std::int64_t us : {0, 10'000, 10'001, 10'000'000, 10'000'001})
    counts.add(method, 200, us);
  const auto* row = find(counts, method, 200);
  REQUIRE(row != nullptr);
  CHECK(row->count.within == std::array<std::uint64_t, 8>{2, 1, 0, 0, 0, 0, 1, 1});
  CHECK(row->count.requests == 5);
  CHECK(row->count.total_us == 20'020'002);
}

TEST_CASE("request counts: whatever comes in whatever order, each is counted once") {
  CHECK(rc::check("rows and merging", [] {
    const std::array<api_method, 3> methods{};
    const auto calls = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 3), rc::gen::element(200, 404, 500)));
    request_counts left, right, all;
    std::map<std::pair<int, int>, std::uint64_t> expected;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto& [method, status] = calls[i];
      (i % 2 == 0 ? left : right)
          .add(methods[static_cast<std::size_t>(method)], static_cast<std::uint16_t>(status), 1000);
      ++expected[calls[i]];
    }
    all.merge(left);
    all.merge(right);
    RC_ASSERT(all.calls().size() == expected.size());
    for (const auto& [call, count] : expected) {
      const auto* row = find(all, methods[static_cast<std::size_t>(call.first)],
                             static_cast<std::uint16_t>(call.second));
      RC_ASSERT(row != nullptr);
      RC_ASSERT(row->count.requests == count);
      RC_ASSERT(row->count.within[0] == count);
    }
  }));
}

TEST_CASE("request counts: clients beyond the first 200 are counted together") {
  request_counts counts;
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 250; ++i)
      counts.add_success("hawk", "client-" + std::to_string(i));
  CHECK(counts.successes().size() == 201);
  CHECK(counts.successes().at({"hawk", "client-0"}) == 2);
  CHECK(counts.successes().at({"hawk", "other"}) == 100);
  counts.add_failure("bewit", "credentials");
  counts.add_failure("bewit", "credentials");
  CHECK(counts.failures().at({"bewit", "credentials"}) == 2);
}
