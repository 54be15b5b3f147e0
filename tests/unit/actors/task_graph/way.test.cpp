// All or none, whatever members answer, in whatever order, and wherever the server ends.

#include "messages/graph_problems.hpp"
#include "tests/unit/actors/task_graph/some_graph.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>
#include <set>

using namespace troupe;

namespace {

std::shared_ptr<const api_error> some_problem(error_code code = error_code::request_conflict) {
  return std::make_shared<const api_error>(make_api_error(code, "it is taken"));
}

// What members have done: as the tasks of a server would.
enum class stand { none, prepared, written, revealed };

struct world {
  task_graph_state graph;
  std::map<task_id, stand> tasks;
  std::set<task_id> refusing;  // when they are prepared
  std::set<task_id> failing;   // when they are to be written
  std::vector<member_advanced> on_the_way;
  std::string intent;  // as the store has it
  bool refused = false;
  bool closed = false;

  explicit world(std::size_t size) {
    graph.id = *task_graph_id::parse(id_number(77).view());
    for (std::size_t i = 0; i < size; ++i)
      tasks[id_number(i)] = stand::none;
  }

  void obey(graph_turn turn) {
    switch (turn) {
      case graph_turn::wait:
        return;
      case graph_turn::ask:
        return ask();
      case graph_turn::record:
        RC_ASSERT(intent.empty());
        RC_ASSERT(all(stand::prepared));
        intent = "prepared";
        return obey(on_recorded(graph));
      case graph_turn::decide:
        RC_ASSERT(intent == "prepared");
        RC_ASSERT(all(stand::written));
        intent = "committed";
        return obey(on_decided(graph));
      case graph_turn::close:
        RC_ASSERT(intent == "committed");
        RC_ASSERT(all(stand::revealed));
        intent = "done";
        closed = true;
        return;
      case graph_turn::forget:
        RC_ASSERT(intent == "prepared");
        intent.clear();
        [[fallthrough]];
      case graph_turn::refuse:
        RC_ASSERT(intent.empty());
        RC_ASSERT(all(stand::none));
        refused = true;
        RC_ASSERT(!refusal_of(graph).message.empty());
        return;
    }
  }

  bool all(stand wanted) const {
    return std::all_of(tasks.begin(), tasks.end(),
                       [wanted](const auto& task) { return task.second == wanted; });
  }

  void ask() {
    const auto slice = take_slice(graph, *rc::gen::inRange<std::size_t>(1, 5));
    if (slice.empty())
      return obey(on_nobody_left(graph));
    for (const auto place : slice)
      answer(graph.members[place].task, present_step(graph));
  }

  void answer(const task_id& id, graph_step step) {
    auto& task = tasks.at(id);
    member_advanced result{graph.id, id, step, nullptr};
    switch (step) {
      case graph_step::prepare:
        RC_ASSERT(task == stand::none);
        if (refusing.contains(id))
          result.problem = some_problem();
        else
          task = stand::prepared;
        break;
      case graph_step::write:
        RC_ASSERT(intent == "prepared");
        if (failing.contains(id)) {
          task = stand::none;
          result.problem = some_problem(error_code::internal_server_error);
        } else {
          task = stand::written;
        }
        break;
      case graph_step::reveal:
        RC_ASSERT(intent == "committed");
        task = stand::revealed;
        break;
      case graph_step::drop:
        RC_ASSERT(task != stand::revealed);
        task = stand::none;
        break;
    }
    on_the_way.push_back(result);
    if (*rc::gen::inRange(0, 10) == 0)
      on_the_way.push_back(result);  // told twice
  }

  // Something arrives; false when nothing is on its way.
  bool step() {
    if (on_the_way.empty())
      return false;
    const auto at = *rc::gen::inRange<std::size_t>(0, on_the_way.size());
    const auto arrived = on_the_way[at];
    on_the_way.erase(on_the_way.begin() + static_cast<std::ptrdiff_t>(at));
    obey(on_advanced(graph, arrived));
    return true;
  }

  // The graph's actor ends, and another one goes on with what is recorded.
  void fail_over(const std::vector<task_id>& ids) {
    graph = {};
    on_the_way.clear();
    obey(resume_graph(graph, ids, intent == "committed"));
  }
};

}  // namespace

TEST_CASE("a graph is created whole or not at all") {
  REQUIRE(rc::check("all or none", [] {
    const auto size = *rc::gen::inRange<std::size_t>(1, 20);
    world w(size);
    for (const auto& [id, task] : w.tasks) {
      if (*rc::gen::inRange(0, 30) == 0)
        w.refusing.insert(id);
      if (*rc::gen::inRange(0, 40) == 0)
        w.failing.insert(id);
    }
    std::vector<task_id> ids;
    for (const auto& [id, task] : w.tasks)
      ids.push_back(id);
    auto failures = *rc::gen::inRange(0, 3);
    w.obey(begin_graph(w.graph,
                       *plan_graph(some_members(std::vector<std::vector<std::size_t>>(size)))));
    while (!w.closed && !w.refused) {
      const bool recorded = !w.intent.empty();
      if (recorded && failures > 0 && *rc::gen::inRange(0, 10) == 0) {
        --failures;
        w.fail_over(ids);
        continue;
      }
      RC_ASSERT(w.step());
    }
    RC_ASSERT(w.all(w.closed ? stand::revealed : stand::none));
    if (!w.refusing.empty())
      RC_ASSERT(w.refused);
  }));
}

TEST_CASE("every task that cannot be created is named, in the order of the body") {
  task_graph_state state;
  begin_graph(state, *plan_graph(some_members({{}, {}, {}})));
  REQUIRE(take_slice(state, 10).size() == 3);
  for (const auto number : {2u, 0u})
    CHECK(on_advanced(state, {state.id, id_number(number), graph_step::prepare, some_problem()}) ==
          graph_turn::wait);
  CHECK(on_advanced(state, {state.id, id_number(1), graph_step::prepare, nullptr}) ==
        graph_turn::ask);
  CHECK(state.phase == graph_phase::dropping);
  CHECK(take_slice(state, 10) == std::vector<std::size_t>{1});
  CHECK(on_advanced(state, {state.id, id_number(1), graph_step::drop, nullptr}) ==
        graph_turn::refuse);
  const auto refusal = refusal_of(state);
  CHECK(refusal.code == error_code::request_conflict);
  CHECK(refusal.message == "No task of the graph was created: 2 of 3 cannot be.\n * " +
                               id_number(0).str() + ": it is taken\n * " + id_number(2).str() +
                               ": it is taken");
}

TEST_CASE("who finds many problems does not look for more") {
  task_graph_state state;
  begin_graph(state, *plan_graph(some_members(std::vector<std::vector<std::size_t>>(1000))));
  std::size_t asked = 0;
  graph_turn turn = graph_turn::ask;
  while (turn == graph_turn::ask && state.phase == graph_phase::preparing)
    for (const auto place : take_slice(state, 25)) {
      ++asked;
      turn = on_advanced(
          state, {state.id, state.members[place].task, graph_step::prepare, some_problem()});
    }
  CHECK(asked == most_graph_problems);
  CHECK(take_slice(state, 25).empty());  // nobody is held
  CHECK(on_nobody_left(state) == graph_turn::refuse);
  CHECK(refusal_of(state).message.starts_with(
      "No task of the graph was created: at least 50 of 1000 cannot be."));
}

TEST_CASE("placeholders of a problem's text are filled in with its own values") {
  api_error why{error_code::input_error, "bad {{what}}", {}};
  why.details["what"] = "dates";
  const auto told = graph_refusal({{"one", why}}, 1, true);
  CHECK(told.message.ends_with("\n * one: bad dates"));
}
