#include "actors/mirror/mirror_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const timestamp start{1'764'000'000'000};
const copy_id some{"west", "t/task/0/public/x"};

mirror_settings sites() {
  mirror_settings config;
  mirror_site_settings west{"west", {}, local_mirror_settings{"/srv/west"}, 1000, 500, 3600};
  config.sites.push_back(west);
  s3_backend_settings bucket;
  bucket.sign_get_urls = false;
  config.sites.push_back({"open", {}, bucket, 0, 500, 3600});
  return config;
}

wanted_blob blob(std::optional<std::uint64_t> size = {}) {
  return {some.second, {}, start + 24h, size, {}, false};
}

struct one_site {
  mirror_settings config = sites();
  mirror_state state;
  timestamp now = start;

  const mirror_site_settings& west() const { return config.sites[0]; }
  const kept_copy& copy(const copy_id& id = some) { return *known_copy(state, id); }
  copy_use use(std::optional<std::uint64_t> size = {}) {
    return decide_use(state, west(), blob(size), now);
  }
  void begin(const copy_id& id = some) {
    apply_copy(state, &west(), id, begun_copy(state, config, id, start + 24h, now));
  }
  void arrive(std::uint64_t size, const copy_id& id = some) {
    apply_copy(state, &west(), id, arrived_copy(copy(id), size, now));
  }
  void fail(bool lasting = false) {
    apply_copy(state, &west(), some, failed_copy(copy(), config, "why", lasting, now));
  }
};

}  // namespace

TEST_CASE("section 7.2 a copy is absent, under way, and present") {
  one_site at;
  CHECK(at.use() == copy_use::begin);
  at.begin();
  CHECK(at.use() == copy_use::join);
  CHECK(at.copy().row.until == start + 60s);
  at.arrive(100);
  CHECK(at.use() == copy_use::serve);
  CHECK(at.state.sites["west"].bytes == 100);
  at.now = start + 2h;  // nobody read it for longer than copies stay there
  CHECK(at.use() == copy_use::none);
  CHECK(take_due(at.state, at.now, 10) == std::vector{some});
  CHECK(take_due(at.state, at.now, 10).empty());
  apply_copy(at.state, &at.west(), some, leaving_copy(at.copy(), at.now + 10min));
  CHECK(at.use() == copy_use::none);
  CHECK(at.state.sites["west"].bytes == 0);
  CHECK(next_due_copy(at.state) == at.now + 10min);
  apply_absence(at.state, some);
  CHECK(at.use() == copy_use::begin);
  CHECK_FALSE(next_due_copy(at.state));
}

TEST_CASE("section 7.2 what is read stays, what its blob does not outlive goes") {
  one_site at;
  at.begin();
  at.arrive(100);
  for (int i = 0; i < 10; ++i) {
    at.now = at.now + 50min;
    REQUIRE(at.use() == copy_use::serve);
    const auto row = used_copy(at.state, at.west(), some, start + 24h, at.now);
    REQUIRE(row);
    apply_copy(at.state, &at.west(), some, *row);
  }
  // It is not written for each reader, but for one that knows a later end.
  CHECK_FALSE(used_copy(at.state, at.west(), some, start + 24h, at.now + 1s));
  CHECK(used_copy(at.state, at.west(), some, start + 48h, at.now + 1s)->expires == start + 48h);
  at.now = start + 24h;
  CHECK(decide_use(at.state, at.west(), blob(), at.now) == copy_use::none);
}

TEST_CASE("section 7.2 a copy that failed is tried again later, each time after a longer pause") {
  one_site at;
  for (const auto pause : {60s, 120s, 240s, 480s}) {
    at.begin();
    at.fail();
    CHECK(at.use() == copy_use::none);
    at.now = at.now + pause;
    CHECK(at.use() == copy_use::begin);
  }
  at.begin();
  at.fail(true);
  at.now = at.now + 23h;
  CHECK(at.copy().row.until > at.now);
  CHECK(at.copy().row.reason == "why");
}

TEST_CASE("section 7.2 what is too large, or must not be shown to all, is not copied") {
  one_site at;
  CHECK(at.use(500) == copy_use::begin);
  CHECK(at.use(501) == copy_use::none);
  const auto& open = at.config.sites[1];
  auto wanted = blob();
  CHECK(decide_use(at.state, open, wanted, at.now) == copy_use::none);
  wanted.open_to_all = true;
  CHECK(decide_use(at.state, open, wanted, at.now) == copy_use::begin);
  wanted.name = std::string(1020, 'x');
  CHECK(decide_use(at.state, open, wanted, at.now) == copy_use::none);
}

TEST_CASE("section 7.2 those that nobody read for longest make room") {
  one_site at;
  for (const char* name : {"a", "b", "c"}) {
    at.begin({"west", name});
    at.arrive(400, {"west", name});
    at.now = at.now + 1s;
  }
  CHECK(without_room(at.state, at.west(), "c") == std::vector{copy_id{"west", "a"}});
  used_copy(at.state, at.west(), {"west", "a"}, start, at.now);
  CHECK(without_room(at.state, at.west(), "c") == std::vector{copy_id{"west", "b"}});
  CHECK(without_room(at.state, at.west(), "b") == std::vector{copy_id{"west", "c"}});
  auto roomy = at.west();
  roomy.most_bytes = 0;
  CHECK(without_room(at.state, roomy, "c").empty());
}

TEST_CASE("section 7.2 only what is large and comes soon is waited for") {
  one_site at;
  at.config.waits_above_bytes = 100;
  CHECK_FALSE(worth_waiting(at.state, at.config, "west", 200, 0));  // nothing is known of the way
  note_speed(at.state, "west", 1000, 10s);
  CHECK(worth_waiting(at.state, at.config, "west", 500, 0));
  CHECK_FALSE(worth_waiting(at.state, at.config, "west", 501, 0));
  CHECK(worth_waiting(at.state, at.config, "west", 600, 100));
  CHECK_FALSE(worth_waiting(at.state, at.config, "west", 99, 0));
  CHECK_FALSE(worth_waiting(at.state, at.config, "west", std::nullopt, 0));
  for (int i = 0; i < 50; ++i)
    note_speed(at.state, "west", 1000, 1s);
  CHECK(worth_waiting(at.state, at.config, "west", 4900, 0));
}

TEST_CASE("section 7.2 copies are stored and read as they were") {
  one_site at;
  at.begin();
  const auto stored = [&] { return read_copy_row(copy_row_text(at.copy().row)); };
  CHECK(stored() == at.copy().row);
  at.fail();
  CHECK(stored() == at.copy().row);
  at.begin();
  at.arrive(123);
  CHECK(stored() == at.copy().row);
  CHECK(read_copy_row(copy_row_text(leaving_copy(at.copy(), start))) ==
        leaving_copy(at.copy(), start));
  CHECK(read_copy_field(copy_field(some)) == some);
  for (const char* bad : {"", "west", "west/", "/x"})
    CHECK_FALSE(read_copy_field(bad));
  for (const char* bad : {"", "[]", "{}", R"({"state":"sold"})"})
    CHECK_FALSE(read_copy_row(bad));
  CHECK(copies_of(at.state, at.config, some.second) == std::vector{some});
}
