// Whatever a register is told, it has what a plain list would have, page by page.

#include "actors/queue_register/queue_register_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp start{1'764'000'000'000};
constexpr std::chrono::milliseconds delay = 1h;

std::string some_queue() {
  return *rc::gen::element<std::string>("a", "a-b", "a0", "b") + "/" +
         *rc::gen::element<std::string>("q", "q-1", "r", "s", "t", "u");
}

/// The same in the plainest form.
struct plain_register {
  struct record {
    timestamp expires;
    timestamp last_active;
  };
  struct worker {
    timestamp due;
    timestamp quarantine_until;
  };
  std::map<std::string, record> queues;
  std::map<std::pair<std::string, worker_name>, worker> workers;

  void see(const queue_seen& command) {
    auto& known = queues[command.queue.text];
    known.expires = std::max(known.expires, command.expires);
    known.last_active = std::max(known.last_active, command.at);
    if (!command.worker.id.empty())
      workers.try_emplace({command.queue.text, command.worker}, worker{command.expires, {}});
  }
};

/// The page after page of a listing, and that each but the last is full.
template <class Page>
std::vector<std::string> all_pages(std::uint32_t limit, Page page_after) {
  std::vector<std::string> all;
  std::optional<std::string> after;
  for (;;) {
    const queue_page page = page_after(after);
    for (const auto& row : page.rows)
      all.push_back(row.key);
    if (page.next.empty())
      return all;
    RC_ASSERT(page.rows.size() == limit);
    after = page.next;
  }
}

struct both_registers {
  std::array<queue_register_state, 3> lanes;
  plain_register plain;
  timestamp now = start;

  queue_register_state& lane_of(const std::string& queue) {
    return lanes[hash_text(queue) % lanes.size()];
  }

  void see() {
    const auto queue = some_queue();
    queue_seen command{{{queue}},
                       {"g", *rc::gen::element<std::string>("", "v", "w", "x")},
                       now,
                       now + std::chrono::minutes{*rc::gen::inRange(1, 300)}};
    on_queue_seen(lane_of(queue), command, delay);
    plain.see(command);
  }

  void note() {
    const auto queue = some_queue();
    const worker_name name{*rc::gen::element<std::string>("f", "g"),
                           *rc::gen::element<std::string>("v", "w", "x")};
    worker_noted command{{{queue}}, name, {}, {}};
    if (*rc::gen::inRange(0, 4) > 0) {
      command.due = now + std::chrono::minutes{*rc::gen::inRange(1, 300)};
      if (*rc::gen::arbitrary<bool>())
        command.quarantine_until = command.due;
      plain.workers[{queue, name}] = {command.due, command.quarantine_until};
    } else {
      plain.workers.erase({queue, name});
    }
    on_worker_noted(lane_of(queue), command, now, delay);
  }

  // Workers that are asked say what the plain list knows of them.
  void pass_time() {
    now = now + std::chrono::minutes{*rc::gen::inRange(1, 200)};
    for (auto& lane : lanes)
      for (int rounds = 0; next_register_timer(lane).value_or(now + 1ms) <= now; ++rounds) {
        RC_ASSERT(rounds < 3);
        auto decision = on_register_timer(lane, now, delay);
        for (const auto& queue : decision.forgotten) {
          RC_ASSERT(plain.queues.at(queue.text).expires + delay <= now);
          plain.queues.erase(queue.text);
        }
        for (const auto& check : decision.checks) {
          const auto known = plain.workers.find({check.queue.text, check.worker});
          worker_noted told{check.queue, check.worker, {}, {}};
          if (known != plain.workers.end() && known->second.due + delay > now) {
            told.due = known->second.due;
            told.quarantine_until = known->second.quarantine_until;
          } else if (known != plain.workers.end()) {
            plain.workers.erase(known);
          }
          on_worker_noted(lane, told, now, delay);
        }
      }
  }

  std::vector<std::string> listed(queue_view as, std::uint32_t limit,
                                  const std::optional<std::string>& only) {
    return all_pages(limit, [&](const std::optional<std::string>& after) {
      std::vector<std::vector<queue_row>> parts;
      for (const auto& lane : lanes)
        parts.push_back(find_rows(lane, {0, 0, 0, as, only, limit, after}, now));
      return merge_rows(std::move(parts), limit);
    });
  }

  void check() {
    const auto limit = *rc::gen::inRange(1u, 30u);
    std::set<std::string> queues;
    std::set<std::string> types;
    std::set<std::string> provisioners;
    for (const auto& [id, record] : plain.queues) {
      if (record.expires <= now)
        continue;
      queues.insert(id);
      provisioners.insert(id.substr(0, id.find('/')));
      if (id.starts_with("a/"))
        types.insert(id);
    }
    const auto sorted = [](const std::set<std::string>& of) {
      return std::vector<std::string>(of.begin(), of.end());
    };
    RC_ASSERT(listed(queue_view::task_queue, limit, {}) == sorted(queues));
    RC_ASSERT(listed(queue_view::worker_type, limit, "a") == sorted(types));
    RC_ASSERT(listed(queue_view::provisioner, limit, {}) == sorted(provisioners));
    check_workers(limit);
  }

  void check_workers(std::uint32_t limit) {
    const auto queue = some_queue();
    const auto filter = *rc::gen::inRange(0, 3);
    const auto quarantined = filter == 2 ? std::nullopt : std::optional<bool>{filter == 1};
    std::vector<worker_name> expected;
    for (const auto& [key, worker] : plain.workers)
      if (key.first == queue && worker.due > now &&
          (!quarantined || *quarantined == (worker.quarantine_until >= now)))
        expected.push_back(key.second);
    std::vector<worker_name> found;
    std::optional<worker_name> after;
    for (bool more = true; more;) {
      auto choice = choose_workers(lane_of(queue), queue, after, quarantined, limit, now);
      RC_ASSERT(!choice.more || choice.names.size() == limit);
      found.insert(found.end(), choice.names.begin(), choice.names.end());
      more = choice.more;
      if (more)
        after = choice.names.back();
    }
    RC_ASSERT(found == expected);
  }
};

}  // namespace

TEST_CASE("PG-2 PG-7 TQ-2 WT-2 WK-5 registers agree with plain lists, page by page") {
  CHECK(rc::check([] {
    both_registers both;
    const auto steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      switch (*rc::gen::inRange(0, 5)) {
        case 0:
        case 1:
          both.see();
          break;
        case 2:
        case 3:
          both.note();
          break;
        default:
          both.pass_time();
      }
      both.check();
    }
  }));
}

TEST_CASE("whatever was seen is over some day, and nothing is left of it") {
  CHECK(rc::check([] {
    both_registers both;
    for (int i = 0; i < 20; ++i)
      *rc::gen::arbitrary<bool>() ? both.see() : both.note();
    for (int i = 0; i < 1000 && !(both.plain.queues.empty() && both.plain.workers.empty()); ++i)
      both.pass_time();
    for (const auto& lane : both.lanes) {
      RC_ASSERT(lane.queues.empty());
      RC_ASSERT(lane.provisioners.empty());
      RC_ASSERT(lane.dues.empty());
    }
  }));
}
