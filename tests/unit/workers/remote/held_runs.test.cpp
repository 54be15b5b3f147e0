#include "workers/remote/held_runs.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

const held_run a{*task_id::parse("AAAAAAAARAyAAAAAAAAAAA"), 0};
const held_run b{*task_id::parse("BBBBBBBBRAyBBBBBBBBBBA"), 1};

struct ear {
  std::vector<std::string> heard;
  held_runs::stop_function function() {
    return [this](stop_reason why) { heard.push_back(why.resolved); };
  }
};

}  // namespace

TEST_CASE("an end is told once to who watches") {
  held_runs runs;
  ear of_a;
  ear of_b;
  runs.add({a, b});
  runs.watch(a, of_a.function());
  runs.watch(b, of_b.function());
  CHECK(runs.all().size() == 2);
  runs.end(a, "canceled");
  runs.end(a, "canceled");
  CHECK(of_a.heard == std::vector<std::string>{"canceled"});
  CHECK(of_b.heard.empty());
  CHECK(runs.all() == std::vector<held_run>{b});
}

TEST_CASE("an end between the claim's answer and the watch is told with the watch") {
  held_runs runs;
  ear of_a;
  runs.add({a});
  runs.forget_strangers();
  runs.end(a, "canceled");
  runs.forget_strangers();
  runs.watch(a, of_a.function());
  CHECK(of_a.heard.size() == 1);
}

TEST_CASE("an end that overtakes its claim's answer is kept, others are forgotten") {
  held_runs runs;
  ear of_a;
  ear of_b;
  runs.end(a, "canceled");
  runs.end(b, "canceled");
  runs.add({a});
  runs.forget_strangers();
  CHECK(runs.all().empty());
  runs.watch(a, of_a.function());
  runs.watch(b, of_b.function());
  CHECK(of_a.heard.size() == 1);
  CHECK(of_b.heard.empty());
}

TEST_CASE("after unwatch nothing is told, and the run is held until it is reported") {
  held_runs runs;
  ear of_a;
  runs.add({a});
  runs.watch(a, of_a.function());
  runs.unwatch(a);
  CHECK(runs.all().size() == 1);
  runs.end(a, "canceled");
  CHECK(of_a.heard.empty());
  runs.add({b});
  runs.remove(b);
  CHECK(runs.all().empty());
}
