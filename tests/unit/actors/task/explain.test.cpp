#include "actors/task/task_wire.hpp"
#include "messages/explain_commands.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
namespace json = boost::json;

namespace {

json::object told(const some_task& task) {
  return json::parse(explanation_text(task.state, status_text(task.state))).as_object();
}

}  // namespace

TEST_CASE("explain: a task tells its status and what it waits for") {
  auto task = unscheduled_task(
      {.dependencies = {id_number(1), id_number(2)}, .rule = dependency_rule::all_resolved});
  task.dependency(id_number(1), task_resolution::failed);
  const auto facts = told(task);
  CHECK(facts.at("status") == json::parse(status_text(task.state)));
  CHECK(facts.at("requires") == "all-resolved");
  CHECK(facts.at("dependencies") == task.state.definition->dependencies.size());
  CHECK(facts.at("open") == task.state.open_dependencies.size());
  CHECK(facts.at("openDependencies") == json::array{id_number(2).str()});
  CHECK(facts.at("created").is_string());
}

TEST_CASE("explain: of many dependencies a task tells the first") {
  wish many;
  for (unsigned i = 1; i <= 150; ++i)
    many.dependencies.push_back(id_number(i));
  const auto facts = told(unscheduled_task(many));
  CHECK(facts.at("open").to_number<std::size_t>() >= 150);
  CHECK(facts.at("openDependencies").as_array().size() == most_told_dependencies);
}

TEST_CASE("explain: a task that waits in its queue tells by what the queue knows it") {
  const auto task = pending_task();
  const auto facts = told(task);
  CHECK(facts.at("enqueuedUs").to_number<std::uint64_t>() == task.state.enqueued_us);
  CHECK(facts.at("openDependencies").as_array().empty());
}
