#include "actors/purge_cache/purge_cache_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};

void ask(purge_cache_state& state, const std::string& pool, const std::string& cache,
         timestamp now) {
  apply_purge(state, {pool, cache}, decide_purge(state, {pool, cache, {}}, now));
}

}  // namespace

TEST_CASE("PCH-2 a request replaces the one before, and `before` grows within a pool") {
  purge_cache_state state;
  ask(state, "p/w", "a", start);
  ask(state, "p/w", "a", start);
  CHECK(state.requests.size() == 1);
  CHECK(state.requests.at({"p/w", "a"}).before == start + 1ms);
  CHECK(state.requests.at({"p/w", "a"}).expires == start + 24h);
  ask(state, "p/w", "b", start);
  CHECK(state.requests.at({"p/w", "b"}).before == start + 2ms);
  ask(state, "p/x", "a", start);
  CHECK(state.requests.at({"p/x", "a"}).before == start);
  ask(state, "p/w", "c", start + 1h);
  CHECK(state.requests.at({"p/w", "c"}).before == start + 1h);
}

TEST_CASE("PCH-4 reading asks no store: what a request sees is what was asked for last") {
  purge_cache_state state;
  for (int i = 0; i < 3; ++i) {
    ask(state, "p/w", std::to_string(i), start);
    CHECK(requests_of(state, "p/w", {}, start).size() == static_cast<std::size_t>(i) + 1);
  }
}

TEST_CASE("PCH-5 what has expired is removed and told, what has not stays") {
  purge_cache_state state;
  CHECK(take_expired(state, start).empty());
  CHECK_FALSE(next_expiry(state));
  ask(state, "p/w", "a", start);
  ask(state, "p/w", "b", start + 1h);
  CHECK(next_expiry(state) == start + 24h);
  CHECK(take_expired(state, start + 24h).empty());
  CHECK(requests_of(state, "p/w", {}, start + 24h).size() == 2);
  CHECK(requests_of(state, "p/w", {}, start + 24h + 1ms).size() == 1);
  CHECK(list_requests(state, std::nullopt, 10, start + 24h + 1ms).rows.size() == 1);
  CHECK(take_expired(state, start + 24h + 1ms) == std::vector{purge_key{"p/w", "a"}});
  CHECK(state.requests.size() == 1);
}

TEST_CASE("PCH-7 a pool nobody asked anything of has no requests") {
  purge_cache_state state;
  ask(state, "p/w", "a", start);
  CHECK(requests_text(requests_of(state, "p/x", {}, start)) == R"({"requests":[]})");
  CHECK(requests_text(requests_of(state, "p/w", {}, start)) ==
        R"({"requests":[{"provisionerId":"p","workerType":"w","cacheName":"a",)"
        R"("before":"2025-11-24T16:00:00.000Z"}]})");
}

TEST_CASE("rows and keys are read as they were written") {
  for (const purge_key& key :
       {purge_key{"p/w", ""}, purge_key{"p/w", "a b"}, purge_key{"p/w", " "}})
    CHECK(read_key(key_text(key)) == key);
  const purge_request request{start, start + 1h};
  CHECK(read_request(row_text(request)) == request);
  CHECK(read_request("rubbish") == purge_request{});
}

TEST_CASE("PCH-3 pages and pools show what a plain list would") {
  rc::check([] {
    purge_cache_state state;
    std::map<purge_key, purge_request> plain;
    auto now = start;
    for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
      now = now + std::chrono::milliseconds{*rc::gen::inRange(0, 3)};
      const purge_key key{*rc::gen::element<std::string>("p/w", "p/w2", "p2/w"),
                          *rc::gen::element<std::string>("", "a", "b", "c")};
      const auto made = decide_purge(state, {key.first, key.second, {}}, now);
      for (const auto& [other, request] : plain)
        if (other.first == key.first)
          RC_ASSERT(request.before < made.before);
      apply_purge(state, key, made);
      plain[key] = made;
    }
    std::vector<std::pair<purge_key, purge_request>> paged;
    std::optional<purge_key> after;
    do {
      const auto page = list_requests(state, after, 2, now);
      paged.insert(paged.end(), page.rows.begin(), page.rows.end());
      after = page.next;
    } while (after);
    const decltype(paged) expected(plain.begin(), plain.end());
    RC_ASSERT(paged == expected);
    for (const auto& [key, request] : plain) {
      const auto since = requests_of(state, key.first, request.before, now);
      RC_ASSERT(!since.empty());
      RC_ASSERT(since.front().second == request);
    }
  });
}
