#include "runtime/events/binding.hpp"
#include "runtime/events/topic_pattern.hpp"
#include "runtime/events/topic_trie.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <vector>

namespace troupe {

namespace {

struct vector_row {
  std::string_view pattern;
  std::string_view key;
  bool fits;
};

constexpr vector_row vectors[] = {
    {"#", "", true},
    {"#", "a", true},
    {"#", "a.b.c", true},
    {"a.#", "a", true},
    {"a.#", "a.b", true},
    {"a.#", "a.b.c", true},
    {"a.#", "ab", false},
    {"a.*.c", "a.b.c", true},
    {"a.*.c", "a.c", false},
    {"a.*.c", "a.b.b.c", false},
    {"#.x.#", "x", true},
    {"#.x.#", "a.x", true},
    {"#.x.#", "x.b", true},
    {"#.x.#", "a.x.b.c", true},
    {"#.x.#", "a.b", false},
    {"*", "", false},
    {"*", "a", true},
    {"*", "a.b", false},
    {"", "", true},
    {"", "a", false},
    {"a", "", false},
    {"#.#", "", true},
    {"*.#", "", false},
    {"*.#", "a", true},
    {"#.*", "a.b", true},
    {"route.notify.#.on-failed.#", "route.notify.email.x@example.com.on-failed", true},
    {"route.notify.#.on-failed.#", "route.notify.on-failed.always.on-any", true},
    {"route.notify.#.on-failed.#", "route.notify.email.x.on-completed", false},
    {"a.b", "a.b.", false},
    {"a.*", "a.", true},
    {"a.b.c", "a.b.c", true},
};

// What a pattern means, said as simply as can be.
bool fits_naively(const std::vector<std::string>& pattern, std::size_t p,
                  const std::vector<std::string>& key, std::size_t k) {
  if (p == pattern.size())
    return k == key.size();
  if (pattern[p] == "#")
    return fits_naively(pattern, p + 1, key, k) ||
           (k < key.size() && fits_naively(pattern, p, key, k + 1));
  return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k]) &&
         fits_naively(pattern, p + 1, key, k + 1);
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : ".") + words[i];
  return text;
}

rc::Gen<std::vector<std::string>> some_words(std::vector<std::string> alphabet) {
  return rc::gen::resize(
      6, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::move(alphabet))));
}

}  // namespace

TEST_CASE("bus 8 trie matcher vectors: the plain matcher") {
  for (const auto& row : vectors) {
    CAPTURE(row.pattern, row.key);
    CHECK(topic_matches(row.pattern, row.key) == row.fits);
  }
}

TEST_CASE("bus 8 trie matcher vectors: the trie") {
  for (const auto& row : vectors) {
    CAPTURE(row.pattern, row.key);
    topic_trie trie;
    trie.bind("x", row.pattern, 7);
    std::vector<topic_trie::subscriber> out;
    trie.match("x", row.key, {}, out);
    CHECK((out == std::vector<topic_trie::subscriber>{7}) == row.fits);
    trie.match("y", row.key, {}, out);
    CHECK(out.empty());
  }
}

TEST_CASE("bus 8 a message with two matching CCs arrives once per queue") {
  topic_trie trie;
  trie.bind("x", "route.#", 3);
  trie.bind("x", "route.*", 3);
  trie.bind("x", "primary.#", 3);
  trie.bind("x", "route.b", 1);
  trie.bind("x", "route.c", 2);
  std::vector<topic_trie::subscriber> out;
  const std::vector<std::string> cc{"route.a", "route.b"};
  trie.match("x", "primary.t", cc, out);
  CHECK(out == std::vector<topic_trie::subscriber>{1, 3});
}

TEST_CASE("a key that holds a wildcard's character is no wildcard") {
  topic_trie trie;
  trie.bind("x", "*.b", 1);
  trie.bind("x", "#.c", 2);
  std::vector<topic_trie::subscriber> out;
  trie.match("x", "*.b", {}, out);
  CHECK(out == std::vector<topic_trie::subscriber>{1});
  trie.match("x", "#.c", {}, out);
  CHECK(out == std::vector<topic_trie::subscriber>{2});
}

TEST_CASE("an unbound trie is empty again") {
  topic_trie trie;
  trie.bind("x", "a.#", 1);
  trie.bind("x", "a.#", 1);
  trie.bind("x", "a.*.b", 2);
  trie.unbind("x", "a.*", 2);
  trie.unbind("z", "a", 2);
  trie.unbind("x", "a.#", 1);
  std::vector<topic_trie::subscriber> out;
  trie.match("x", "a.c.b", {}, out);
  CHECK(out == std::vector<topic_trie::subscriber>{2});
  trie.unbind("x", "a.*.b", 2);
  CHECK(trie.empty());
}

TEST_CASE("matcher and trie agree with the plain meaning") {
  REQUIRE(rc::check([] {
    const auto pattern = *some_words({"a", "b", "*", "#", ""});
    const auto key = *some_words({"a", "b", "c", ""});
    // One empty word alone is the same text as no word.
    RC_PRE(pattern != std::vector<std::string>{""});
    RC_PRE(key != std::vector<std::string>{""});
    const bool fits = fits_naively(pattern, 0, key, 0);
    RC_ASSERT(topic_matches(join(pattern), join(key)) == fits);
    topic_trie trie;
    trie.bind("x", "a.#.b", 1);
    trie.bind("x", join(pattern), 2);
    trie.bind("x", "#.*", 3);
    std::vector<topic_trie::subscriber> out;
    trie.match("x", join(key), {}, out);
    RC_ASSERT((std::find(out.begin(), out.end(), 2u) != out.end()) == fits);
  }));
}

TEST_CASE("binding and unbinding leaves what is still bound") {
  REQUIRE(rc::check([] {
    topic_trie trie;
    std::map<std::pair<std::string, unsigned>, bool> model;
    const auto steps = *rc::gen::container<std::vector<std::tuple<bool, std::size_t, unsigned>>>(
        rc::gen::tuple(rc::gen::arbitrary<bool>(), rc::gen::inRange<std::size_t>(0, 8),
                       rc::gen::inRange(0u, 3u)));
    const std::vector<std::string> patterns{"a", "a.b", "a.#", "#", "*", "*.b", "#.b", "a.*.c"};
    for (const auto& [add, which, who] : steps) {
      if (add)
        trie.bind("x", patterns[which], who);
      else
        trie.unbind("x", patterns[which], who);
      model[{patterns[which], who}] = add;
    }
    for (const std::string key : {"", "a", "b", "a.b", "a.x.c", "x.b"}) {
      std::set<unsigned> expected;
      for (const auto& [bound, there] : model)
        if (there && topic_matches(bound.first, key))
          expected.insert(bound.second);
      std::vector<topic_trie::subscriber> out;
      trie.match("x", key, {}, out);
      RC_ASSERT(std::vector<unsigned>(expected.begin(), expected.end()) == out);
    }
  }));
}

TEST_CASE("a pattern of many hashes costs no more than others") {
  std::string pattern = "#";
  std::string key = "a";
  for (int i = 0; i < 60; ++i) {
    pattern += ".a.#";
    key += ".a";
  }
  pattern += ".b";
  CHECK_FALSE(topic_matches(pattern, key));
  topic_trie trie;
  trie.bind("x", pattern, 1);
  std::vector<topic_trie::subscriber> out;
  trie.match("x", key, {}, out);
  CHECK(out.empty());
}

TEST_CASE("a binding subscribes to what stands before its first wildcard") {
  const auto prefix = [](std::string pattern) {
    return binding{"exchange/q/v1/e", std::move(pattern)}.zeromq_prefix();
  };
  CHECK(prefix("#") == "exchange/q/v1/e|");
  CHECK(prefix("") == "exchange/q/v1/e|");
  CHECK(prefix("route.index.#") == "exchange/q/v1/e|route.index.");
  CHECK(prefix("route.*.x") == "exchange/q/v1/e|route.");
  CHECK(prefix("a.b") == "exchange/q/v1/e|a.b.");
  CHECK(prefix("a#.*b") == "exchange/q/v1/e|a#.*b.");
}

TEST_CASE("what a binding wants comes through its subscription") {
  REQUIRE(rc::check([] {
    const auto key = join(*some_words({"a", "b", "c"}));
    const auto cc = *rc::gen::map(some_words({"a", "b", "c"}), join);
    const binding wanted{"x", join(*some_words({"a", "b", "*", "#"}))};
    const auto prefix = wanted.zeromq_prefix();
    const std::vector<std::string> copies{cc};
    if (!wanted.matches("x", key, copies))
      return;
    RC_ASSERT(topic_frame("x", key).starts_with(prefix) ||
              topic_frame("x", cc).starts_with(prefix));
  }));
  CHECK_FALSE(binding{"x", "#"}.matches("y", "a", {}));
}

}  // namespace troupe
