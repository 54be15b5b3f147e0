// A queue that is told anything in any order does what a plain list of runs and a plain line of
// calls would do: no run is handed out twice or lost, no waiting call is forgotten or overtaken.

#include "tests/unit/actors/task_queue/some_queue.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

/// What happens: a kind, and two numbers that each kind reads in its own way.
using step = std::tuple<int, int, int>;
using steps = std::vector<step>;

enum kind_of_step {
  enqueue,
  dequeue,
  ask_for_work,
  accept,
  refuse,
  withdraw,
  hurry,
  release,
  quarantine,
  reprioritise,
  take_directly,
  let_pass,
  last_kind_of_step = let_pass,
};

rc::Gen<steps> any_steps() {
  const auto kind = rc::gen::weightedOneOf<int>(
      {{1, rc::gen::inRange(0, last_kind_of_step + 1)},
       {2, rc::gen::element<int>(enqueue, enqueue, ask_for_work, ask_for_work, accept, refuse)}});
  return rc::gen::resize(300, rc::gen::container<steps>(rc::gen::tuple(
                                  kind, rc::gen::inRange(0, 100), rc::gen::inRange(0, 8))));
}

/// The same queue in the plainest form: lists that are searched from end to end.
struct plain_queue {
  struct run {
    unsigned task;
    task_priority priority;
    timestamp deadline;
  };
  enum class place { waiting, collecting, done };
  struct call {
    unsigned number;
    unsigned worker;
    std::size_t count;
    timestamp until;
    place where = place::waiting;
    bool withdrawn = false;
    std::vector<unsigned> asked = {};  // tasks, in order
    std::map<unsigned, bool> answered = {};
  };

  std::vector<run> pending;  // as they came
  std::vector<call> calls;   // as they came
  std::set<unsigned> claimed;
  std::map<unsigned, timestamp> quarantined;
  timestamp now;

  bool may_work(unsigned worker) const {
    const auto found = quarantined.find(worker);
    return found == quarantined.end() || found->second <= now;
  }

  std::optional<unsigned> take() {
    while (!pending.empty()) {
      auto best = pending.begin();
      for (auto at = pending.begin(); at != pending.end(); ++at)
        if (at->priority > best->priority)
          best = at;
      const auto taken = *best;
      pending.erase(best);
      if (taken.deadline > now)
        return taken.task;
    }
    return std::nullopt;
  }

  static std::string claim_of(unsigned task, const call& by) {
    return "claim " + std::to_string(task) + "/0 for w" + std::to_string(by.worker);
  }

  /// Whoever may work gets what is there, in the order of the line.
  void serve(words& said) {
    for (auto& next : calls) {
      if (next.where != place::waiting || !may_work(next.worker))
        continue;
      next.asked.clear();
      next.answered.clear();
      while (next.asked.size() < next.count) {
        const auto task = take();
        if (!task)
          break;
        next.asked.push_back(*task);
        said.push_back(claim_of(*task, next));
      }
      if (!next.asked.empty())
        next.where = place::collecting;
    }
  }

  words answer(unsigned task, bool accepts) {
    words said;
    words answers;
    const auto by = std::find_if(calls.begin(), calls.end(), [task](const call& c) {
      return c.where == place::collecting &&
             std::find(c.asked.begin(), c.asked.end(), task) != c.asked.end() &&
             !c.answered.contains(task);
    });
    by->answered[task] = accepts;
    if (accepts)
      claimed.insert(task);
    if (accepts && by->withdrawn)
      said.push_back("return " + std::to_string(task) + "/0");
    if (!accepts && !by->withdrawn && may_work(by->worker))
      if (const auto other = take()) {
        by->asked.push_back(*other);
        said.push_back(claim_of(*other, *by));
      }
    if (by->answered.size() < by->asked.size())
      return said;
    std::string word = "answer w" + std::to_string(by->number) + ":";
    bool any = false;
    for (const auto got : by->asked)
      if (by->answered[got]) {
        any = true;
        word += " " + std::to_string(got) + "/0";
      }
    if (by->withdrawn || any || by->until <= now) {
      by->where = place::done;
      if (!by->withdrawn)
        answers.push_back(any ? word : word + " nothing");
    } else {
      by->where = place::waiting;
      serve(said);
    }
    said.insert(said.end(), answers.begin(), answers.end());
    return said;
  }

  words leave(unsigned number) {
    words said;
    for (auto& one : calls) {
      if (one.number != number || one.where == place::done || one.withdrawn)
        continue;
      if (one.where == place::waiting)
        one.where = place::done;
      one.withdrawn = true;
      for (const auto task : one.asked)
        if (one.where == place::collecting && one.answered.contains(task) && one.answered[task])
          said.push_back("return " + std::to_string(task) + "/0");
    }
    return said;
  }

  words end_wait(unsigned number) {
    for (auto& one : calls) {
      if (one.number != number || one.where == place::done)
        continue;
      one.until = {};
      if (one.where == place::waiting) {
        one.where = place::done;
        return {"answer w" + std::to_string(number) + ": nothing"};
      }
    }
    return {};
  }

  words time_out() {
    words said;
    for (auto& one : calls)
      if (one.where == place::waiting && one.until <= now) {
        one.where = place::done;
        said.push_back("answer w" + std::to_string(one.number) + ": nothing");
      }
    return said;
  }
};

struct both_queues {
  some_queue real;
  plain_queue plain;
  unsigned tasks = 0;
  unsigned calls = 0;
  std::set<std::string> handed_out;

  both_queues() { plain.now = real.now; }

  void compare(const words& said, const words& expected) {
    RC_ASSERT(said == expected);
    for (const auto& word : said)
      if (word.starts_with("claim "))
        RC_ASSERT(handed_out.insert(word.substr(0, word.find(" for"))).second);
  }

  void take(const step& of);
  void answer(int choice, bool accepts);
  void check();
};

void both_queues::answer(int choice, bool accepts) {
  if (real.asked.empty())
    return;
  const auto& claim = real.asked[static_cast<std::size_t>(choice) % real.asked.size()];
  const auto task = static_cast<unsigned>(std::stoul(claim.task.str().substr(11, 10)));
  const auto expected = plain.answer(task, accepts);
  compare(accepts ? real.accept(task) : real.refuse(task), expected);
}

void both_queues::take(const step& of) {
  const auto [kind, choice, number] = of;
  const auto some_task = tasks == 0 ? 0u : static_cast<unsigned>(choice) % tasks + 1;
  const auto some_call = calls == 0 ? 0u : static_cast<unsigned>(choice) % calls + 1;
  words expected;
  switch (kind) {
    case enqueue: {
      const auto priority = static_cast<task_priority>(1 + number % 3);
      real.deadline = real.now + std::chrono::seconds{10 + choice};
      plain.pending.push_back({++tasks, priority, real.deadline});
      plain.serve(expected);
      return compare(real.enqueue(tasks, priority), expected);
    }
    case dequeue:
      real.dequeue(some_task);
      std::erase_if(plain.pending, [&](const auto& run) { return run.task == some_task; });
      return;
    case ask_for_work: {
      const auto count = static_cast<std::uint32_t>(1 + number % 4);
      const auto worker = static_cast<unsigned>(choice % 3);
      plain.calls.push_back({++calls, worker, count, real.now + real.wait});
      plain.serve(expected);
      return compare(real.claim_work(calls, count, worker), expected);
    }
    case accept:
      return answer(choice, true);
    case refuse:
      return answer(choice, false);
    case withdraw:
      expected = plain.leave(some_call);
      return compare(real.withdraw(some_call), expected);
    case hurry:
      expected = plain.end_wait(some_call);
      return compare(real.hurry(some_call), expected);
    case reprioritise: {
      const auto to = static_cast<task_priority>(1 + number % 4);
      for (auto& run : plain.pending)
        if (run.task == some_task)
          run.priority = to;
      const bool waits = std::any_of(plain.pending.begin(), plain.pending.end(),
                                     [&](const auto& run) { return run.task == some_task; });
      if (waits)
        plain.serve(expected);
      return compare(real.reprioritise(some_task, to), expected);
    }
    case take_directly: {
      const auto worker = static_cast<unsigned>(number % 3);
      RC_ASSERT(real.admits(worker) == plain.may_work(worker));
      const bool waits =
          std::erase_if(plain.pending, [&](const auto& run) { return run.task == some_task; }) > 0;
      if (waits) {
        plain.claimed.insert(some_task);
        real.take(some_task, worker);
      }
      return;
    }
    case release:
      real.release(some_task);
      plain.claimed.erase(some_task);
      return;
    case quarantine: {
      const auto until = real.now + std::chrono::seconds{number < 5 ? -1 : 20};
      const auto worker = static_cast<unsigned>(choice % 3);
      plain.quarantined[worker] = until;
      if (until <= real.now)
        plain.serve(expected);
      return compare(real.quarantine(worker, until), expected);
    }
    default:
      break;
  }
  real.now = real.now + std::chrono::seconds{number};
  plain.now = real.now;
  if (const auto due = next_timer(real.state); due && *due <= real.now)
    compare(real.timer(), plain.time_out());
}

void both_queues::check() {
  // Nobody waits beyond the time.
  for (const auto& call : plain.calls)
    if (call.where == plain_queue::place::waiting)
      RC_ASSERT(call.until > real.now);
  // What the queue counts is what there is.
  const auto in_time = std::count_if(plain.pending.begin(), plain.pending.end(),
                                     [&](const auto& run) { return run.deadline > plain.now; });
  const auto counts = real.counts();
  RC_ASSERT(counts.first == static_cast<unsigned>(in_time));
  RC_ASSERT(counts.second == plain.claimed.size());
  const auto waiting = std::count_if(plain.calls.begin(), plain.calls.end(), [](const auto& call) {
    return call.where == plain_queue::place::waiting;
  });
  const auto collecting =
      std::count_if(plain.calls.begin(), plain.calls.end(),
                    [](const auto& call) { return call.where == plain_queue::place::collecting; });
  RC_ASSERT(real.state.waiting.size() == static_cast<std::size_t>(waiting));
  RC_ASSERT(real.state.waiting_by_reply.size() == static_cast<std::size_t>(waiting));
  RC_ASSERT(real.state.collectors.size() == static_cast<std::size_t>(collecting));
}

}  // namespace

TEST_CASE("CW-10 CW-11 CW-12 a queue agrees with a plain list, whatever it is told") {
  CHECK(rc::check([] {
    both_queues queues;
    for (const auto& next : *any_steps()) {
      queues.take(next);
      queues.check();
    }
  }));
}

TEST_CASE("every run of a queue ends somewhere, once, and every call has one answer at most") {
  CHECK(rc::check([] {
    both_queues queues;
    for (const auto& next : *any_steps())
      queues.take(next);
    // Everybody answers, and everybody goes on asking, until nothing is left.
    for (auto worker = 0u; worker < 3; ++worker)
      queues.take({quarantine, static_cast<int>(worker), 0});
    while (!queues.real.asked.empty())
      queues.answer(0, true);
    while (queues.real.counts().first > 0) {
      queues.take({ask_for_work, 0, 3});
      while (!queues.real.asked.empty())
        queues.answer(0, true);
    }
    queues.check();
    RC_ASSERT(queues.real.state.collectors.empty());
    RC_ASSERT(queues.plain.pending.empty());
  }));
}
