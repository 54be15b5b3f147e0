// What stands in relation to what, and what goes in a circle.

#include "tests/unit/actors/task_graph/some_graph.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <numeric>
#include <set>

using namespace troupe;

namespace {

std::vector<std::size_t> numbers(const std::vector<task_id>& ids, std::size_t count) {
  std::vector<std::size_t> result;
  for (const auto& id : ids)
    for (std::size_t i = 0; i < count; ++i)
      if (id_number(i) == id)
        result.push_back(i);
  return result;
}

}  // namespace

TEST_CASE("members know which dependencies are in the graph, and who depends on them") {
  // 7 is outside, 2 depends on itself.
  const auto planned = plan_graph(some_members({{1, 7}, {}, {2, 1, 0}}));
  REQUIRE(planned.has_value());
  CHECK((*planned)[0].within == std::vector{id_number(1)});
  CHECK((*planned)[2].within == std::vector{id_number(2), id_number(1), id_number(0)});
  REQUIRE((*planned)[1].dependents.size() == 2);
  CHECK((*planned)[1].dependents[0].id == id_number(0));
  CHECK((*planned)[1].dependents[1].id == id_number(2));
  CHECK((*planned)[1].dependents[1].expires == timestamp{1'864'000'000'000});
  CHECK((*planned)[2].dependents.empty());
}

TEST_CASE("a cycle is named in order") {
  const auto refused = plan_graph(some_members({{}, {0, 3}, {1}, {4, 2}, {0}}));
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == error_code::input_error);
  const auto why = refused.error();
  const auto& cycle = why.details.at("cycle").as_array();
  CHECK(boost::json::serialize(cycle) ==
        boost::json::serialize(
            boost::json::array{id_number(1).view(), id_number(3).view(), id_number(2).view()}));
  CHECK(refused.error().message.find(id_number(3).str()) != std::string::npos);
}

TEST_CASE("a long cycle is told to a point, and is whole in the details") {
  std::vector<std::vector<std::size_t>> ring(10'000);
  for (std::size_t i = 0; i < ring.size(); ++i)
    ring[i] = {(i + 1) % ring.size()};
  const auto refused = plan_graph(some_members(ring));
  REQUIRE(refused.has_error());
  CHECK(refused.error().details.at("cycle").as_array().size() == 10'000);
  CHECK(refused.error().message.find("and 9900 more") != std::string::npos);
  ring.back().clear();  // a chain as long is fine
  CHECK(plan_graph(some_members(ring)).has_value());
}

TEST_CASE("a dependency that ends before the deadline of its dependent is refused by name") {
  auto members = some_members({{}, {0}});
  auto early = std::make_shared<task_definition>(*members[0].definition);
  early->expires = timestamp{members[1].definition->deadline.ms - 1};
  members[0].definition = early;
  const auto refused = plan_graph(members);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find(id_number(1).str() + ": its dependency") != std::string::npos);
}

TEST_CASE("a graph without cycles passes in whatever order, and a cycle that is named is one") {
  REQUIRE(rc::check("cycles", [] {
    const auto size = *rc::gen::inRange<std::size_t>(1, 25);
    std::vector<std::size_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    for (auto i = size; i > 1; --i)
      std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
    // Edges go back in the order, some of them perhaps forward.
    const bool maybe_cyclic = *rc::gen::arbitrary<bool>();
    std::vector<std::set<std::size_t>> edges(size);
    const auto count = *rc::gen::inRange<std::size_t>(0, 3 * size);
    for (std::size_t i = 0; i < count; ++i) {
      auto from = *rc::gen::inRange<std::size_t>(0, size);
      auto to = *rc::gen::inRange<std::size_t>(0, size);
      if (!maybe_cyclic && from < to)
        std::swap(from, to);
      if (from != to)
        edges[order[from]].insert(order[to]);
    }
    std::vector<std::vector<std::size_t>> dependencies;
    for (const auto& of : edges)
      dependencies.emplace_back(of.begin(), of.end());
    const auto planned = plan_graph(some_members(dependencies));
    if (!maybe_cyclic)
      RC_ASSERT(planned.has_value());
    if (planned) {
      // Whoever is let through can be worked off.
      std::set<std::size_t> done;
      for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < size; ++i)
          if (!done.contains(i) && std::all_of(edges[i].begin(), edges[i].end(),
                                               [&](auto on) { return done.contains(on); }))
            more = done.insert(i).second;
      }
      RC_ASSERT(done.size() == size);
      return;
    }
    std::vector<task_id> named;
    const auto why = planned.error();
    for (const auto& id : why.details.at("cycle").as_array())
      named.push_back(*task_id::parse(id.as_string()));
    const auto cycle = numbers(named, size);
    RC_ASSERT(cycle.size() >= 2u);
    RC_ASSERT(std::set<std::size_t>(cycle.begin(), cycle.end()).size() == cycle.size());
    for (std::size_t i = 0; i < cycle.size(); ++i)
      RC_ASSERT(edges[cycle[i]].contains(cycle[(i + 1) % cycle.size()]));
  }));
}

TEST_CASE("the ids of the members come back from the intent, and junk does not") {
  task_graph_state state;
  begin_graph(state, *plan_graph(some_members({{}, {0}, {}})));
  const auto text = member_text(state);
  CHECK(read_members(text) == std::vector{id_number(0), id_number(1), id_number(2)});
  CHECK(read_members(text + "short").size() == 3);
  CHECK(read_members("").empty());
}

TEST_CASE("a key is kept until the last deadline") {
  CHECK(key_expiry(some_members({{}, {}, {}})) == timestamp{1'764'000'000'002});
}
