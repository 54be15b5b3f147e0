// What the task itself, its dependencies and its group have to do with it.

#include "gateways/explain/reasons.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace json = boost::json;

namespace {

// Past its deadline a task can neither be rerun nor scheduled.
constexpr std::string_view start_over = "Nothing does; create the work again as another task.";

std::int64_t seconds_of(std::chrono::milliseconds span) { return span.count() / 1000; }

using entries = std::vector<const dependency_facts*>;

json::array entries_of(const entries& dependencies) {
  json::array list;
  for (const auto* one : dependencies) {
    json::object entry{{"taskId", one->id}, {"state", one->state}};
    if (!one->resolved_as.empty())
      entry["reasonResolved"] = one->resolved_as;
    list.push_back(std::move(entry));
  }
  return list;
}

// `2 unscheduled, 1 running`, in the order of a task's life.
std::string states_of(const entries& dependencies) {
  constexpr std::array<std::string_view, 6> states = {"unscheduled", "pending", "running",
                                                      "completed",   "failed",  "exception"};
  std::string text;
  for (const auto state : states) {
    const auto number = std::count_if(dependencies.begin(), dependencies.end(),
                                      [state](const auto* one) { return one->state == state; });
    if (number > 0)
      text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + std::string{state};
  }
  return text;
}

// `its only dependency`, `2 of its 3 dependencies`.
std::string share_of(std::uint64_t number, std::uint64_t all) {
  return all == 1 ? "its only dependency"
                  : std::to_string(number) + " of its " + std::to_string(all) + " dependencies";
}

std::string capitalised(std::string sentence) {
  if (sentence.starts_with("its"))
    sentence.front() = 'I';
  return sentence;
}

constexpr std::string_view by_hand = "schedule this task whatever it depends on (scheduleTask).";

void add_failed(reason_list& found, const entries& failed) {
  const auto& task = found.facts.task;
  found.add("dependency-failed", importance::blocking,
            capitalised(share_of(failed.size(), task.dependencies)) + " ended without success (" +
                states_of(failed) + "), and it requires all of them to be completed.",
            "Rerun what failed (rerunTask) so that it completes, or " + std::string{by_hand},
            {{"requires", to_string(task.requires_rule)}, {"dependencies", entries_of(failed)}});
}

void add_gone(reason_list& found, const entries& gone) {
  found.add("dependency-gone", importance::blocking,
            capitalised(share_of(gone.size(), found.facts.task.dependencies)) +
                " expired before it was satisfied.",
            "What is gone cannot free it any more; " + std::string{by_hand},
            {{"dependencies", entries_of(gone)}});
}

// `asked` are those of them whose states are known.
void add_open(reason_list& found, const entries& asked, std::uint64_t number) {
  const auto& task = found.facts.task;
  const bool all_asked = number == asked.size();
  found.add("dependencies-open", importance::blocking,
            "It waits for " + share_of(number, task.dependencies) + " (" +
                (all_asked ? "" : "of the first " + std::to_string(asked.size()) + ": ") +
                states_of(asked) + ").",
            std::string{"It is scheduled when all of them are "} +
                (task.requires_rule == dependency_rule::all_completed
                     ? "completed"
                     : "resolved, with success or without") +
                "; explain these to see what they wait for.",
            {{"requires", to_string(task.requires_rule)},
             {"open", number},
             {"dependencies", entries_of(asked)}});
}

}  // namespace

std::string count_of(std::uint64_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string{noun} + (number == 1 ? "" : "s");
}

std::string span_of(std::chrono::milliseconds span) {
  using namespace std::chrono;
  const auto whole = [](auto value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(value.count(), 0));
  };
  if (span < 2min)
    return count_of(whole(ceil<seconds>(span)), "second");
  if (span < 2h)
    return count_of(whole(floor<minutes>(span)), "minute");
  if (span < 48h)
    return count_of(whole(floor<hours>(span)), "hour");
  return count_of(whole(floor<days>(span)), "day");
}

void add_resolution(reason_list& found) {
  const auto& task = found.facts.task;
  const auto run = task.last_run.value_or(run_facts{});
  std::string text = "Run " + std::to_string(run.id) + " ended as " + task.state;
  if (run.resolved_as != task.state)
    text += " (" + run.resolved_as + ")";
  text += " at " + to_iso(run.resolved);
  if (!run.worker.empty())
    text += " on worker " + run.worker;
  json::object details{{"runId", run.id},
                       {"state", task.state},
                       {"reasonResolved", run.resolved_as},
                       {"resolved", to_iso(run.resolved)}};
  if (!run.worker.empty())
    details["worker"] = run.worker;
  std::string change{start_over};
  if (task.deadline > found.facts.now)
    change = "A rerun (rerunTask) gives it another run, until its deadline at " +
             to_iso(task.deadline) + ".";
  found.add("resolved", importance::note, text + ".", std::move(change), std::move(details));
}

void add_running(reason_list& found) {
  const auto& task = found.facts.task;
  const auto run = task.last_run.value_or(run_facts{});
  const auto until = to_iso(run.taken_until);
  found.add(
      "running", importance::note,
      "Run " + std::to_string(run.id) + " runs on worker " + run.worker + " since " +
          to_iso(run.started) + ".",
      "Its worker reports how it ends; a claim that is not renewed until " + until +
          " is given back, with " +
          (task.retries_left == 1 ? "1 retry" : std::to_string(task.retries_left) + " retries") +
          " left.",
      {{"runId", run.id},
       {"worker", run.worker},
       {"started", to_iso(run.started)},
       {"takenUntil", until},
       {"retriesLeft", task.retries_left}});
}

void add_dependencies(reason_list& found) {
  const auto& task = found.facts.task;
  const bool only_completed = task.requires_rule == dependency_rule::all_completed;
  entries failed, gone, open;
  bool itself = false;
  for (const auto& one : found.facts.dependencies) {
    if (one.id == task.id.view())
      itself = true;
    else if (one.state == "gone")
      gone.push_back(&one);
    else if (only_completed && one.is_unsuccessful())
      failed.push_back(&one);
    else
      open.push_back(&one);
  }
  if (itself)
    found.add("depends-on-itself", importance::blocking,
              "It depends on itself, so that nothing but a call can schedule it.",
              "Schedule it (scheduleTask).");
  if (!failed.empty())
    add_failed(found, failed);
  if (!gone.empty())
    add_gone(found, gone);
  const auto hopeless = failed.size() + gone.size() + (itself ? 1 : 0);
  if (task.open > hopeless)
    add_open(found, open, task.open - hopeless);
  else if (hopeless == 0)
    found.add("being-scheduled", importance::delaying,
              "All of its dependencies are satisfied, and it is being scheduled just now.",
              "Nothing has to; ask again in a moment.");
}

void add_passed_deadline(reason_list& found) {
  const auto& task = found.facts.task;
  found.add("deadline-passed", importance::blocking,
            "Its deadline passed " + span_of(found.facts.now - task.deadline) +
                " ago, and it is about to be resolved as deadline-exceeded.",
            std::string{start_over}, {{"deadline", to_iso(task.deadline)}});
}

void add_near_deadline(reason_list& found) {
  const auto& task = found.facts.task;
  const auto left = task.deadline - found.facts.now;
  if (left * 10 >= task.deadline - task.created)
    return;
  found.add(
      "deadline-near", importance::note,
      "Its deadline comes in " + span_of(left) + ", and then it is resolved as deadline-exceeded.",
      "It has to be done before; a deadline cannot be moved, only a new task has another.",
      {{"deadline", to_iso(task.deadline)}, {"secondsLeft", seconds_of(left)}});
}

void add_group_end(reason_list& found) {
  const auto& group = found.facts.group;
  if (group && group->canceling)
    found.add("group-canceling", importance::blocking,
              "Its task group is being canceled, and the task with it.", std::string{start_over},
              {{"taskGroupId", found.facts.task.group.view()}});
}

void add_group_seal(reason_list& found) {
  const auto& group = found.facts.group;
  if (group && group->sealed.ms != 0)
    found.add("group-sealed", importance::note,
              "Its task group is sealed since " + to_iso(group->sealed) +
                  ": it takes no more tasks, and may be canceled.",
              "Nothing does; the tasks that are in the group run all the same.",
              {{"taskGroupId", found.facts.task.group.view()}, {"sealed", to_iso(group->sealed)}});
}

}  // namespace troupe
