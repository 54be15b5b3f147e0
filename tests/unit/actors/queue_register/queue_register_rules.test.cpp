#include "actors/queue_register/queue_register_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};
constexpr std::chrono::milliseconds delay = 30min;

queue_seen sighting(const std::string& queue, timestamp at, timestamp expires,
                    const std::string& worker = {}) {
  return {{{queue}}, {worker.empty() ? "" : "g", worker}, at, expires};
}

worker_noted note(const std::string& queue, const std::string& worker, timestamp due,
                  timestamp quarantine_until = {}) {
  return {{{queue}}, {"g", worker}, due, quarantine_until};
}

std::vector<std::string> keys_of(const std::vector<queue_row>& rows) {
  std::vector<std::string> keys;
  for (const auto& row : rows)
    keys.push_back(row.key);
  return keys;
}

find_queues asked(queue_view as, std::uint32_t limit = 1000,
                  std::optional<std::string> after = std::nullopt,
                  std::optional<std::string> only = std::nullopt) {
  return {0, 0, 0, as, std::move(only), limit, std::move(after)};
}

std::vector<std::string> workers_of(const queue_register_state& state, timestamp now,
                                    std::optional<bool> quarantined = std::nullopt) {
  std::vector<std::string> ids;
  for (const auto& name : choose_workers(state, "a/b", {}, quarantined, 1000, now).names)
    ids.push_back(name.id);
  return ids;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("WI-1 a sighting makes a record, and never moves its expiry backwards") {
  queue_record record;
  sight(record, start, start + 24h);
  CHECK(record == queue_record{start + 24h, start, "", "experimental"});
  sight(record, start + 1h, start + 2h, "for tests", "stable");
  CHECK(record == queue_record{start + 24h, start + 1h, "for tests", "stable"});
  sight(record, start, start + 48h);  // told late, and nothing but the time
  CHECK(record == queue_record{start + 48h, start + 1h, "for tests", "stable"});
  sight(record, start, {}, "");
  CHECK(record.description.empty());
  CHECK(record.stability == "stable");
}

TEST_CASE("TQ-1 WT-3 PV-2 however often a queue is seen, there is one, and one provisioner") {
  queue_register_state state;
  for (int i = 0; i < 5; ++i)
    on_queue_seen(state, sighting("a/b", start + i * 1s, start + 24h + i * 1s, "w"), delay);
  on_queue_seen(state, sighting("a/c", start, start + 48h), delay);
  CHECK(keys_of(find_rows(state, asked(queue_view::task_queue), start)) == names{"a/b", "a/c"});
  const auto provisioners = find_rows(state, asked(queue_view::provisioner), start);
  REQUIRE(provisioners.size() == 1);
  CHECK(provisioners[0] == queue_row{"a", start + 48h, start + 4s, "", "experimental"});
  CHECK(workers_of(state, start) == names{"w"});
  CHECK(state.unwritten == names{"a/b", "a/c"});
}

TEST_CASE("TQ-3 WT-4 a record is found until it expires") {
  queue_register_state state;
  on_queue_seen(state, sighting("a/b", start, start + 24h), delay);
  REQUIRE(find_record(state, "a/b", start) != nullptr);
  CHECK(find_record(state, "a/b", start)->last_active == start);
  CHECK(find_record(state, "a/b", start + 24h) == nullptr);
  CHECK(find_record(state, "a/c", start) == nullptr);
  CHECK(find_rows(state, asked(queue_view::task_queue), start + 24h).empty());
  CHECK(find_rows(state, asked(queue_view::provisioner), start + 24h).empty());
}

TEST_CASE("PV-3 WT-3 a record is deleted when it has been expired for long, and not before") {
  queue_register_state state;
  on_queue_seen(state, sighting("a/b", start, start + 1h), delay);
  on_queue_seen(state, sighting("a/c", start, start + 2h), delay);
  CHECK(next_register_timer(state) == start + 1h + delay);
  CHECK(on_register_timer(state, start + 1h, delay).forgotten.empty());
  // Seen again meanwhile: looked at once in vain.
  on_queue_seen(state, sighting("a/b", start + 1h, start + 3h), delay);
  CHECK(next_register_timer(state) == start + 1h + delay);
  CHECK(on_register_timer(state, start + 1h + delay, delay).forgotten.empty());
  CHECK(next_register_timer(state) == start + 2h + delay);
  const auto gone = on_register_timer(state, start + 2h + delay, delay).forgotten;
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].text == "a/c");
  CHECK(keys_of(find_rows(state, asked(queue_view::task_queue), start)) == names{"a/b"});
  CHECK(on_register_timer(state, start + 100h, delay).forgotten.size() == 1);
  CHECK(state.queues.empty());
  CHECK(state.provisioners.empty());
  CHECK_FALSE(next_register_timer(state));
}

TEST_CASE("what is left of a provisioner decides when it expires") {
  queue_register_state state;
  on_queue_seen(state, sighting("a/b", start + 5h, start + 6h), delay);
  on_queue_seen(state, sighting("a/c", start, start + 48h), delay);
  on_queue_seen(state, sighting("a-b/c", start, start + 48h), delay);
  CHECK(on_register_timer(state, start + 7h, delay).forgotten.size() == 1);
  const auto rows = find_rows(state, asked(queue_view::provisioner), start + 7h);
  REQUIRE(keys_of(rows) == names{"a", "a-b"});
  CHECK(rows[0].last_active == start);
}

TEST_CASE("a record that is read again is as it was, and not written") {
  queue_register_state state;
  on_record_read(state, {{"a/b"}}, {start + 1h, start, "d", "stable"}, delay);
  on_record_read(state, {{"a/none"}}, {}, delay);
  CHECK(find_rows(state, asked(queue_view::task_queue), start) ==
        std::vector<queue_row>{{"a/b", start + 1h, start, "d", "stable"}});
  CHECK(state.unwritten.empty());
  CHECK(state.queues.size() == 1);
  CHECK(next_register_timer(state) == start + 1h + delay);
}

TEST_CASE("WK-2 WK-3 EX-6 workers are chosen by their time and by quarantine") {
  queue_register_state state;
  on_worker_noted(state, note("a/b", "expired", start - 1h), start, delay);
  on_worker_noted(state, note("a/b", "expired-quarantined", start + 1h, start + 1h), start, delay);
  on_worker_noted(state, note("a/b", "live", start + 2h, start - 9h), start, delay);
  on_worker_noted(state, note("a/b", "live-quarantined", start + 2h, start + 1h), start, delay);
  on_worker_noted(state, note("x/y", "other", start + 2h), start, delay);
  CHECK(workers_of(state, start) == names{"expired-quarantined", "live", "live-quarantined"});
  CHECK(workers_of(state, start, true) == names{"expired-quarantined", "live-quarantined"});
  CHECK(workers_of(state, start, false) == names{"live"});
  CHECK(workers_of(state, start + 2h, true).empty());
  // Workers make no queue known.
  CHECK(find_record(state, "a/b", start) == nullptr);
  CHECK(find_rows(state, asked(queue_view::provisioner), start).empty());
}

TEST_CASE("WK-7 a worker is asked when its time comes, and again when it can be deleted") {
  queue_register_state state;
  on_queue_seen(state, sighting("a/b", start, start + 24h, "w"), delay);
  on_worker_noted(state, note("a/b", "w", start + 1h), start, delay);
  const auto asks = [&](timestamp at) { return on_register_timer(state, at, delay).checks.size(); };
  CHECK(asks(start + 59min) == 0);
  CHECK(asks(start + 1h) == 1);
  CHECK(asks(start + 1h) == 0);
  // As long as it has not answered it may have been seen again.
  CHECK(workers_of(state, start + 1h + 1s) == names{"w"});
  on_worker_noted(state, note("a/b", "w", start + 2h), start + 1h, delay);
  CHECK(asks(start + 2h) == 1);
  on_worker_noted(state, note("a/b", "w", start + 2h), start + 2h, delay);
  CHECK(workers_of(state, start + 2h + 1s).empty());
  CHECK(asks(start + 2h + delay - 1ms) == 0);
  CHECK(asks(start + 2h + delay) == 1);
  on_worker_noted(state, note("a/b", "w", {}), start + 3h, delay);
  CHECK(state.queues.at("a/b").workers.empty());
  // It is there again when it is seen again.
  on_queue_seen(state, sighting("a/b", start + 3h, start + 27h, "w"), delay);
  CHECK(workers_of(state, start + 3h) == names{"w"});
}

TEST_CASE("a queue that nobody knows any more is forgotten with its last worker") {
  queue_register_state state;
  on_queue_seen(state, sighting("a/b", start, start + 1h, "w"), delay);
  on_worker_noted(state, note("a/b", "w", start + 90h, start + 90h), start, delay);
  on_register_timer(state, start + 2h, delay);
  CHECK(workers_of(state, start + 2h) == names{"w"});
  on_worker_noted(state, note("a/b", "w", {}), start + 3h, delay);
  on_worker_noted(state, note("a/b", "w", {}), start + 3h, delay);
  CHECK(state.queues.empty());
  CHECK(state.dues.empty());
}

TEST_CASE("TQ-2 WT-2 a lane gives one row more than the page has") {
  queue_register_state state;
  for (const auto* id : {"a/z", "a/b", "a-b/c", "b/a", "a/q"})
    on_queue_seen(state, sighting(id, start, start + 1h), delay);
  const auto all = asked(queue_view::task_queue);
  CHECK(keys_of(find_rows(state, all, start)) == names{"a-b/c", "a/b", "a/q", "a/z", "b/a"});
  CHECK(keys_of(find_rows(state, asked(queue_view::task_queue, 1), start)) ==
        names{"a-b/c", "a/b"});
  CHECK(keys_of(find_rows(state, asked(queue_view::task_queue, 1, "a/b"), start)) ==
        names{"a/q", "a/z"});
  const auto types = asked(queue_view::worker_type, 5, std::nullopt, "a");
  CHECK(keys_of(find_rows(state, types, start)) == names{"a/b", "a/q", "a/z"});
  CHECK(keys_of(find_rows(state, asked(queue_view::worker_type, 5, "a/b", "a"), start)) ==
        names{"a/q", "a/z"});
  CHECK(keys_of(find_rows(state, asked(queue_view::provisioner, 1), start)) == names{"a", "a-b"});
  CHECK(keys_of(find_rows(state, asked(queue_view::provisioner, 9, "a"), start)) ==
        names{"a-b", "b"});
  CHECK(keys_of(find_rows(state, asked(queue_view::provisioner, 1, std::nullopt, "a-b"), start)) ==
        names{"a-b"});
  CHECK(find_rows(state, asked(queue_view::provisioner, 1, std::nullopt, "c"), start).empty());
}

TEST_CASE("pages of several lanes are merged by key; a provisioner of several is one") {
  const auto row = [](const char* key, int hours) {
    return queue_row{key, start + hours * 1h, start - hours * 1h, "", "experimental"};
  };
  const auto page = merge_rows({{row("b", 1), row("d", 1)}, {}, {row("a", 1), row("b", 5)}}, 2);
  REQUIRE(keys_of(page.rows) == names{"a", "b"});
  CHECK(page.next == "b");
  CHECK(page.rows[1].expires == start + 5h);
  CHECK(page.rows[1].last_active == start - 1h);
  CHECK(merge_rows({{row("a", 1)}, {row("a", 2)}}, 1).next.empty());
  CHECK(merge_rows({}, 1).rows.empty());
}
