// Whatever happens to copies in whatever order, accounts and orders say what the rows say.

#include "actors/mirror/mirror_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

struct history {
  mirror_settings config;
  mirror_state state;
  timestamp now{1'764'000'000'000};

  history() {
    for (const char* id : {"a", "b"})
      config.sites.push_back({id, {}, local_mirror_settings{"/srv"}, 1000, 1000, 600});
  }

  copy_id some_copy() {
    return {*rc::gen::element(std::string{"a"}, std::string{"b"}),
            *rc::gen::element<std::string>("w", "x", "y", "z")};
  }
  void put(const copy_id& id, copy_row row) {
    RC_ASSERT(read_copy_row(copy_row_text(row)) == row);
    apply_copy(state, site_called(config, id.first), id, std::move(row));
  }

  void read() {
    const auto id = some_copy();
    const wanted_blob blob{id.second, {}, now + 1h, {}, {}, false};
    const auto& site = *site_called(config, id.first);
    const auto* copy = known_copy(state, id);
    switch (decide_use(state, site, blob, now)) {
      case copy_use::serve:
        RC_ASSERT((copy->row.phase == copy_phase::present && copy->row.expires > now));
        if (auto row = used_copy(state, site, id, blob.expires, now))
          put(id, std::move(*row));
        break;
      case copy_use::begin:
        RC_ASSERT((copy == nullptr || copy->row.phase == copy_phase::failed));
        put(id, begun_copy(state, config, id, blob.expires, now));
        break;
      case copy_use::join:
        RC_ASSERT(copy->row.phase == copy_phase::copying);
        break;
      case copy_use::none:
        RC_ASSERT(copy != nullptr);
        break;
    }
  }

  void end() {
    const auto id = some_copy();
    const auto* copy = known_copy(state, id);
    if (copy == nullptr || copy->row.phase != copy_phase::copying)
      return;
    if (*rc::gen::arbitrary<bool>())
      return put(id, failed_copy(*copy, config, "why", *rc::gen::arbitrary<bool>(), now));
    put(id, arrived_copy(*copy, *rc::gen::inRange<std::uint64_t>(0, 1000), now));
    for (const auto& leaving : without_room(state, *site_called(config, id.first), id.second))
      put(leaving, leaving_copy(*known_copy(state, leaving), now + 10s));
    RC_ASSERT(state.sites[id.first].bytes <= 1000U);
    RC_ASSERT(known_copy(state, id)->row.phase == copy_phase::present);
  }

  void pass_time() {
    now = now + std::chrono::seconds{*rc::gen::inRange(1, 400)};
    for (const auto& id : take_due(state, now, 3)) {
      const auto* copy = known_copy(state, id);
      RC_ASSERT((copy != nullptr && copy->due <= now));
      if (copy->row.phase == copy_phase::present || copy->row.phase == copy_phase::copying)
        put(id, leaving_copy(*copy, now + 10s));
      else if (*rc::gen::arbitrary<bool>())
        apply_absence(state, id);
      else
        look_again(state, id, now + 60s);
    }
  }

  void compare() {
    std::map<std::string, std::uint64_t> bytes;
    std::map<std::string, std::size_t> present;
    for (const auto& [id, copy] : state.copies) {
      RC_ASSERT(state.by_time.contains({copy.due, id}));
      if (copy.row.phase != copy_phase::present)
        continue;
      bytes[id.first] += copy.row.size;
      ++present[id.first];
      RC_ASSERT(state.sites[id.first].by_use.contains({copy.used, id.second}));
    }
    RC_ASSERT(state.by_time.size() == state.copies.size());
    for (const auto& [id, account] : state.sites) {
      RC_ASSERT(account.bytes == bytes[id]);
      RC_ASSERT(account.by_use.size() == present[id]);
    }
  }
};

}  // namespace

TEST_CASE("section 7.2 accounts of sites are right after any history") {
  CHECK(rc::check([] {
    history of;
    for (int i = *rc::gen::inRange(1, 120); i > 0; --i) {
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
        case 1:
          of.read();
          break;
        case 2:
          of.end();
          break;
        default:
          of.pass_time();
      }
      of.compare();
    }
  }));
}
