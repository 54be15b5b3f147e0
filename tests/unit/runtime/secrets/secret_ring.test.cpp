#include "runtime/clock/random.hpp"
#include "runtime/secrets/key_census.hpp"
#include "runtime/secrets/secret_keys.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

secret_ring ring_of(const std::string& text) { return *secret_ring::parse(text); }

struct place {
  place() {
    auto pattern = (fs::temp_directory_path() / "troupe-keys-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~place() { fs::remove_all(path); }
  std::string path;
};

}  // namespace

TEST_CASE("what is sealed opens with the same key, about the same thing") {
  const auto key = secret_ring::make_key(thread_random());
  const auto ring = ring_of(key);
  for (const auto& plain : {std::string{}, std::string{"{}"}, std::string(100'000, 'x')}) {
    const auto sealed = ring.seal(plain, "name", thread_random());
    CHECK(sealed.find("xxxx") == std::string::npos);
    CHECK(ring.open(sealed, "name") == plain);
    CHECK_FALSE(ring.open(sealed, "other"));
    CHECK(sealed != ring.seal(plain, "name", thread_random()));
    CHECK(secret_ring::key_of(sealed) == ring.newest());
  }
}

TEST_CASE("what was changed does not open") {
  const auto ring = ring_of(secret_ring::make_key(thread_random()));
  const auto sealed = ring.seal("value", "name", thread_random());
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    // The last digit of base64 has bits that mean nothing.
    if (i + 1 < sealed.size())
      CHECK_FALSE(ring.open(changed, "name"));
  }
  for (const auto* rubbish : {"", "1.", "1.01234567", "1.01234567.", "2.01234567.AAAA", "x"})
    CHECK_FALSE(ring.open(rubbish, "name"));
}

TEST_CASE("a derived ring has other keys under the same ids") {
  const auto old_key = secret_ring::make_key(thread_random());
  const auto ring = ring_of(secret_ring::make_key(thread_random()) + "\n" + old_key);
  const auto tokens = ring.derived("tokens");
  CHECK(tokens.size() == 2);
  CHECK(tokens.newest() == ring.newest());
  const auto sealed = tokens.seal("value", "name", thread_random());
  CHECK(tokens.open(sealed, "name") == "value");
  CHECK_FALSE(ring.open(sealed, "name"));
  CHECK_FALSE(ring.derived("other").open(sealed, "name"));
  CHECK(tokens.open(ring_of(old_key).derived("tokens").seal("x", "n", thread_random()), "n") ==
        "x");
}

TEST_CASE("a census tells what is to be sealed anew, and which keys are missing") {
  const auto old_key = secret_ring::make_key(thread_random());
  const auto lost = ring_of(secret_ring::make_key(thread_random()));
  const auto ring = ring_of(secret_ring::make_key(thread_random()) + "\n" + old_key);
  key_census census{ring};
  census.see("new", ring.seal("a", "new", thread_random()));
  for (int twice = 0; twice < 2; ++twice)
    census.see("old", ring_of(old_key).seal("a", "old", thread_random()));
  CHECK(census.outdated() == std::set<std::string>{"old"});
  CHECK_FALSE(census.missing("secrets"));
  for (const auto* name : {"x", "y"})
    census.see(name, lost.seal("a", name, thread_random()));
  CHECK(census.missing("secrets")->starts_with("Redis holds 2 secrets sealed with a key (" +
                                               lost.newest() + ") that"));
}

TEST_CASE("the newest key seals, all of them open") {
  const auto old_key = secret_ring::make_key(thread_random());
  const auto new_key = secret_ring::make_key(thread_random());
  const auto before = ring_of(old_key).seal("value", "name", thread_random());
  const auto both = ring_of("# for people\n" + new_key + " # new\n\n" + old_key + "\n");
  CHECK(both.size() == 2);
  CHECK(both.open(before, "name") == "value");
  CHECK(both.newest() == ring_of(new_key).newest());
  CHECK(both.has(ring_of(old_key).newest()));
  CHECK_FALSE(ring_of(new_key).open(before, "name"));
  CHECK(ring_of(new_key + "," + old_key).size() == 2);
}

TEST_CASE("keys that are none are refused without being told") {
  for (const std::string text : {"", "# nothing\n", "short", "not base64 at all!"}) {
    const auto ring = secret_ring::parse(text);
    REQUIRE_FALSE(ring.has_value());
    CHECK(ring.error().message.find("troupe secrets new-key") != std::string::npos);
    CHECK(ring.error().message.find("short") == std::string::npos);
  }
}

TEST_CASE("the keys of a data directory are made once, kept to their owner, and rotated") {
  const place data;
  settings config;
  const auto first = load_secret_keys(config, data.path, thread_random());
  REQUIRE(first.has_value());
  const auto path = secret_key_file(data.path);
  CHECK((fs::status(path).permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(load_secret_keys(config, data.path, thread_random())->newest() == first->newest());
  const auto rotated = add_secret_key(path, thread_random());
  REQUIRE(rotated.has_value());
  CHECK(rotated->size() == 2);
  CHECK(rotated->newest() != first->newest());
  CHECK(rotated->has(first->newest()));
  CHECK(load_secret_keys(config, data.path, thread_random())->newest() == rotated->newest());
  const auto dropped = drop_old_secret_keys(path);
  REQUIRE(dropped.has_value());
  CHECK(dropped->size() == 1);
  CHECK(dropped->newest() == rotated->newest());
}

TEST_CASE("keys by setting, by file and by credential") {
  const place data;
  settings config;
  config.secrets_key_file = data.path + "/missing";
  CHECK_FALSE(load_secret_keys(config, data.path, thread_random()).has_value());
  std::ofstream{data.path + "/file"} << secret_ring::make_key(thread_random()) << "\n";
  config.secrets_key_file = data.path + "/file";
  const auto by_file = load_secret_keys(config, data.path, thread_random());
  REQUIRE(by_file.has_value());
  config.secrets_keys = secret_ring::make_key(thread_random());
  CHECK(load_secret_keys(config, data.path, thread_random())->newest() != by_file->newest());
  config = {};
  std::ofstream{data.path + "/secrets-keys"} << "rubbish\n";
  const auto wrong = load_secret_keys(config, data.path, thread_random());
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().message.find(data.path + "/secrets-keys") != std::string::npos);
  CHECK_FALSE(add_secret_key(data.path + "/secrets-keys", thread_random()).has_value());
}
