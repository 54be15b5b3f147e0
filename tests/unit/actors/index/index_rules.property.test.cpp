// Whatever is put into the index and taken out, it shows what a plain map would.

#include "actors/index/index_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

#include <map>
#include <set>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr timestamp start{1'764'000'000'000};
constexpr std::int64_t day_ms = 24 * 3600 * 1000;
const task_id some_task = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");

std::string some_path() {
  std::string path;
  for (int i = *rc::gen::inRange(0, 3); i >= 0; --i)
    path += (path.empty() ? "" : ".") + *rc::gen::element<std::string>("a", "a-", "aa", "b", "!");
  return path;
}

std::string space_of(const std::string& path) { return std::string{split_index_path(path).first}; }

struct both {
  index_state state;
  std::map<std::string, index_entry> tasks;
  std::map<std::string, timestamp> spaces;
  timestamp now = start;

  void insert() {
    const auto path = some_path();
    index_entry entry{some_task, *rc::gen::inRange(-2, 3),
                      now + std::chrono::hours{*rc::gen::inRange(-30, 60)}, "{}"};
    if (*rc::gen::arbitrary<bool>())
      entry.data = R"({"n":)" + std::to_string(*rc::gen::inRange(0, 1000)) + "}";
    const auto what = decide_insert(state, path, entry, now);
    apply_insert(state, path, what);
    const auto there = tasks.find(path);
    if (there != tasks.end() && there->second.expires > now && there->second.rank > entry.rank) {
      RC_ASSERT(what.entry == there->second);
      return;
    }
    RC_ASSERT(what.entry == entry);
    tasks[path] = entry;
    auto until = (entry.expires.ms / day_ms + 1) * day_ms;
    for (auto space = space_of(path); !space.empty(); space = space_of(space), until += day_ms)
      spaces[space] = std::max(spaces[space], timestamp{until});
  }

  void remove() {
    const auto path = some_path();
    RC_ASSERT(apply_delete(state, path) == (tasks.erase(path) == 1));
  }

  // In steps of any size; what has expired goes, and nothing else.
  void expire() {
    auto walk = begin_walk(state);
    while (!walk.done) {
      const auto gone =
          walk_expired(state, walk, static_cast<std::size_t>(*rc::gen::inRange(1, 5)), now);
      for (const auto& path : gone.tasks)
        RC_ASSERT(tasks.at(path).expires <= now);
      for (const auto& path : gone.namespaces)
        RC_ASSERT(spaces.at(path) <= now);
    }
    end_walk(state, walk);
    std::erase_if(tasks, [&](const auto& row) { return row.second.expires <= now; });
    std::erase_if(spaces, [&](const auto& row) { return row.second <= now; });
    RC_ASSERT(state.tasks.size() == tasks.size());
    RC_ASSERT(state.namespaces.size() == spaces.size());
    std::optional<timestamp> next;
    for (const auto& [path, entry] : tasks)
      next = std::min(next.value_or(entry.expires), entry.expires);
    for (const auto& [path, until] : spaces)
      next = std::min(next.value_or(until), until);
    RC_ASSERT(state.next_expiry == next);
  }

  std::vector<std::string> pages(const std::string& space, bool namespaces) {
    std::vector<std::string> all;
    list_indexed command{space, namespaces, 2, {}, {}};
    for (;;) {
      const auto page = list_below(state, command, now);
      const auto body = json::parse(page.text);
      for (const auto& row : body.at(namespaces ? "namespaces" : "tasks").as_array())
        all.emplace_back(row.at("namespace").as_string());
      if (!page.next)
        return all;
      command.after = *page.next;
    }
  }

  void compare() {
    std::set<std::string> places{""};
    std::map<std::string, std::vector<std::string>> below;
    std::map<std::string, std::vector<std::string>> spaces_below;
    for (const auto& [path, entry] : tasks) {
      const auto found = find_entry(state, path, now);
      RC_ASSERT(found.has_value() == (entry.expires > now));
      if (found) {
        RC_ASSERT(*found == entry);
        below[space_of(path)].push_back(path);
      }
      places.insert(space_of(path));
    }
    for (const auto& [path, until] : spaces) {
      if (until > now)
        spaces_below[space_of(path)].push_back(path);
      places.insert(path);
    }
    for (const auto& place : places) {
      RC_ASSERT(pages(place, false) == below[place]);
      RC_ASSERT(pages(place, true) == spaces_below[place]);
    }
    RC_ASSERT(!find_entry(state, "not.there", now));
  }
};

}  // namespace

TEST_CASE("IDX-3 IDX-5 IDX-17 the index shows what a plain map would") {
  rc::check([] {
    both index;
    for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
      const auto what = *rc::gen::inRange(0, 10);
      if (what < 6)
        index.insert();
      else if (what < 8)
        index.remove();
      else if (what < 9)
        index.now = index.now + std::chrono::hours{*rc::gen::inRange(0, 20)};
      else
        index.expire();
    }
    index.compare();
    index.expire();
    index.compare();
  });
}
