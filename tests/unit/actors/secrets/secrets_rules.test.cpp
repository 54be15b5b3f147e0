#include "actors/secrets/secrets_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp now{1'764'000'000'000};

}  // namespace

TEST_CASE("SEC-1 SEC-5 a secret is seen until the moment it expires") {
  secrets_state state;
  CHECK(action_of_set(state, "a", now) == "created");
  apply_set(state, "a", {"first", now + 1h});
  CHECK(action_of_set(state, "a", now) == "updated");
  apply_set(state, "a", {"second", now});
  CHECK(find_secret(state, "a", now)->sealed == "second");
  CHECK(find_secret(state, "a", now + 1ms) == nullptr);
  CHECK(action_of_set(state, "a", now + 1ms) == "created");
  CHECK(find_secret(state, "b", now) == nullptr);
}

TEST_CASE("SEC-4 removing what is not there") {
  secrets_state state;
  apply_set(state, "a", {"sealed", now});
  CHECK(apply_remove(state, "a"));
  CHECK_FALSE(apply_remove(state, "a"));
  CHECK(state.by_expiry.empty());
}

TEST_CASE("SEC-6 only what has expired is taken out") {
  secrets_state state;
  apply_set(state, "stays", {"", now + 1h});
  apply_set(state, "goes", {"", now});
  CHECK(next_expiry(state) == now + 1ms);
  CHECK(take_expired(state, now).empty());
  CHECK(take_expired(state, now + 1ms) == std::vector<std::string>{"goes"});
  CHECK(state.rows.size() == 1);
  CHECK(next_expiry(state) == now + 1h + 1ms);
}

TEST_CASE("rows of secrets are read as they were written") {
  const secret_row row{"1.01234567.abc_-", now};
  CHECK(read_secret_row(secret_row_text(row)) == row);
  CHECK(read_secret_row("[]") == secret_row{});
}

TEST_CASE("SEC-7 pages have the names of all that can be seen") {
  CHECK(names_text({}) == R"({"secrets":[]})");
  CHECK(names_text({"a/b", "\"c"}) == R"({"secrets":["a/b","\"c"]})");
  rc::check([] {
    secrets_state state;
    std::map<std::string, timestamp> plain;
    for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
      const auto name = *rc::gen::element<std::string>("", "a", "a/b", "b", "c", "ü", "d", "e");
      const auto expires = now + std::chrono::milliseconds{*rc::gen::inRange(-3, 4)};
      if (*rc::gen::inRange(0, 4) == 0) {
        RC_ASSERT(apply_remove(state, name) == (plain.erase(name) == 1));
      } else {
        apply_set(state, name, {"x", expires});
        plain[name] = expires;
      }
    }
    std::vector<std::string> expected;
    for (const auto& [name, expires] : plain)
      if (expires >= now)
        expected.push_back(name);
    std::vector<std::string> paged;
    std::optional<std::string> after;
    do {
      const auto page = list_names(state, after, 2, now);
      paged.insert(paged.end(), page.names.begin(), page.names.end());
      after = page.next;
    } while (after);
    RC_ASSERT(paged == expected);
    take_expired(state, now);
    RC_ASSERT(state.rows.size() == expected.size());
    RC_ASSERT(state.by_expiry.size() == expected.size());
  });
}
