// What is done to all members of a group, slice by slice.

#include "actors/task_group/group_work.hpp"
#include "runtime/schema/schema.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>

using namespace troupe;

namespace {

const task_group_id some_group = *task_group_id::parse("fN1SbArXTPSVFNUvaOlinQ");
const reply_handle somebody{0, 0, 1, 1};

task_id member_number(unsigned number) {
  auto digits = std::to_string(number);
  digits.insert(0, 10 - digits.size(), '0');
  return *task_id::parse("AAAAAAAAQAC" + digits + "A");
}

group_work work_for(group_change what, const reply_handle& reply = somebody) {
  group_work work;
  work.job = {what, task_priority::very_high, reply};
  work.number = 7;
  return work;
}

/// Members as Redis has them: pages in order of their ids.
struct some_members {
  std::map<task_id, member_outcome> all;

  std::vector<task_id> page(const std::optional<task_id>& after, std::size_t limit,
                            bool& more) const {
    std::vector<task_id> ids;
    auto at = after ? all.upper_bound(*after) : all.begin();
    for (; at != all.end() && ids.size() < limit; ++at)
      ids.push_back(at->first);
    more = at != all.end();
    return ids;
  }
};

some_members any_members() {
  some_members members;
  const auto count = *rc::gen::inRange(0u, 40u);
  for (unsigned i = 0; i < count; ++i)
    members.all[member_number(*rc::gen::inRange(0u, 200u))] =
        *rc::gen::element(member_outcome::changed, member_outcome::changed,
                          member_outcome::unchanged, member_outcome::absent);
  return members;
}

void check_schema(const std::string& name, const std::string& text) {
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/" + name);
  REQUIRE(rule != nullptr);
  auto value = boost::json::parse(text);
  std::vector<std::string> problems;
  rule->validate(value, &problems);
  CHECK(problems == std::vector<std::string>{});
}

task_group_state some_state() {
  task_group_state state;
  state.id = some_group;
  state.scheduler_id = "my-scheduler";
  return state;
}

}  // namespace

TEST_CASE("TG-10 TG-15 every member is told once, whatever they answer and in whatever order") {
  CHECK(rc::check([] {
    auto members = any_members();
    auto work = work_for(group_change::cancel);
    std::vector<task_id> told;
    unsigned restarts = 0;
    for (bool last = false; !last;) {
      bool more = false;
      const auto ids = members.page(work.after, *rc::gen::inRange<std::size_t>(1, 9), more);
      auto commands = begin_slice(work, some_group, ids, more);
      RC_ASSERT(commands.size() == ids.size());
      if (*rc::gen::weightedElement<bool>({{6, false}, {1, true}}) && restarts++ < 5) {
        // The server ends in the middle of the slice; some had changed already.
        for (const auto& command : commands)
          if (*rc::gen::arbitrary<bool>() && members.all[command.task] == member_outcome::changed)
            members.all[command.task] = member_outcome::unchanged;
        auto read = read_work(work_text(work));
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->after == work.after);
        RC_ASSERT(read->size == work.size);
        RC_ASSERT(read->affected == work.affected);
        work = std::move(*read);
        work.number = 8 + restarts;
        continue;
      }
      while (!commands.empty()) {
        RC_ASSERT(!slice_done(work));
        const auto at = commands.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                               0, static_cast<std::ptrdiff_t>(commands.size()));
        // An answer to what another one had begun is nobody's.
        take_answer(work, {some_group, at->task, at->work + 100, member_outcome::changed});
        take_answer(work, {some_group, at->task, at->work, members.all.at(at->task)});
        told.push_back(at->task);
        commands.erase(at);
      }
      RC_ASSERT(slice_done(work));
      last = work.last_slice;
      end_slice(work);
      RC_ASSERT(!slice_done(work));
    }
    std::sort(told.begin(), told.end());
    std::vector<task_id> expected;
    std::vector<task_id> changed;
    std::size_t size = 0;
    for (const auto& [id, outcome] : members.all) {
      expected.push_back(id);
      size += outcome != member_outcome::absent;
      if (outcome == member_outcome::changed)
        changed.push_back(id);
    }
    RC_ASSERT(told == expected);
    RC_ASSERT(work.size == size);
    RC_ASSERT(work.affected == changed.size());
    if (restarts == 0)
      RC_ASSERT(work.ids == changed);  // in order
  }));
}

TEST_CASE("what is stored of work is read as it was, and nonsense is not") {
  for (const auto what : {group_change::cancel, group_change::priority})
    for (const auto after : {std::optional<task_id>{}, std::optional{member_number(3)}}) {
      auto work = work_for(what);
      work.after = after;
      work.size = 1000;
      work.affected = 17;
      const auto read = read_work(work_text(work));
      REQUIRE(read);
      CHECK(read->job.what == what);
      CHECK(read->job.priority == task_priority::very_high);
      CHECK(!read->job.reply);
      CHECK(read->after == after);
      CHECK(read->size == 1000);
      CHECK(read->affected == 17);
    }
  for (const auto text : {"", "cancel", "paint lowest 1 1", "cancel normal 1 1", "cancel lowest 1",
                          "cancel lowest x 1", "cancel lowest 1 1 x", "cancel lowest 1 1x"}) {
    CAPTURE(text);
    CHECK(!read_work(text));
  }
}

TEST_CASE("a slice without members is done at once, and the last one") {
  auto work = work_for(group_change::cancel);
  CHECK(begin_slice(work, some_group, {}, false).empty());
  CHECK(slice_done(work));
  CHECK(work.last_slice);
}

TEST_CASE("TG-10 TG-14 answers and event agree with their schemas") {
  auto cancel = work_for(group_change::cancel);
  begin_slice(cancel, some_group, {member_number(1), member_number(2)}, false);
  take_answer(cancel, {some_group, member_number(2), 7, member_outcome::changed});
  take_answer(cancel, {some_group, member_number(1), 7, member_outcome::unchanged});
  end_slice(cancel);
  const auto canceled = work_answer(some_state(), cancel);
  check_schema("cancel-task-group-response", canceled);
  CHECK(canceled == R"({"taskGroupId":"fN1SbArXTPSVFNUvaOlinQ","taskGroupSize":2,)"
                    R"("cancelledCount":1,"taskIds":[")" +
                        member_number(2).str() + R"("]})");
  auto priority = work_for(group_change::priority);
  begin_slice(priority, some_group, {member_number(1)}, false);
  take_answer(priority, {some_group, member_number(1), 7, member_outcome::changed});
  end_slice(priority);
  const auto changed = work_answer(some_state(), priority);
  check_schema("task-group-priority-change-response", changed);
  CHECK(boost::json::parse(changed).at("tasksAffected") == 1);
  const auto payload = group_priority_payload(some_state(), priority);
  check_schema("task-group-priority-changed-message", payload);
  CHECK(boost::json::parse(payload).at("newPriority") == "very-high");
}
