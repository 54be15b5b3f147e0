#include "gateways/explain/explain_rules.hpp"

#include "gateways/explain/reasons.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

bool is_past_deadline(const explain_facts& facts) {
  return !facts.task.is_resolved() && facts.task.deadline <= facts.now;
}

// The sentence as the second half of another one.
std::string continued(const std::string& sentence) {
  auto text = sentence;
  if (!text.empty() && text.front() >= 'A' && text.front() <= 'Z')
    text.front() = static_cast<char>(text.front() - 'A' + 'a');
  return text;
}

}  // namespace

std::string_view to_string(importance weight) {
  return weight == importance::blocking   ? "blocking"
         : weight == importance::delaying ? "delaying"
                                          : "note";
}

std::vector<reason> reasons_of(const explain_facts& facts) {
  reason_list found{facts, {}};
  if (facts.task.is_resolved()) {
    add_resolution(found);
    return std::move(found.all);
  }
  if (is_past_deadline(facts))
    add_passed_deadline(found);
  add_group_end(found);
  if (facts.task.is_running())
    add_running(found);
  else if (facts.task.is_unscheduled())
    add_dependencies(found);
  else if (!is_past_deadline(facts))
    add_queue(found);
  if (!is_past_deadline(facts))
    add_near_deadline(found);
  if (!facts.task.is_running())
    add_group_seal(found);
  std::stable_sort(found.all.begin(), found.all.end(),
                   [](const reason& a, const reason& b) { return a.weight < b.weight; });
  return std::move(found.all);
}

bool is_runnable(const explain_facts& facts) {
  const auto& task = facts.task;
  return task.is_running() || (task.is_pending() && !is_past_deadline(facts));
}

std::string explanation_text(const explain_facts& facts, json::object told) {
  const auto reasons = reasons_of(facts);
  json::array list;
  for (const auto& one : reasons)
    list.push_back(json::object{{"code", one.code},
                                {"importance", to_string(one.weight)},
                                {"text", one.text},
                                {"change", one.change},
                                {"details", one.details}});
  const auto& state = facts.task.state;
  const auto summary = "The task is " + (facts.task.is_resolved() ? "resolved" : state) + ": " +
                       continued(reasons.front().text);
  return json::serialize(json::object{{"taskId", facts.task.id.view()},
                                      {"state", state},
                                      {"runnable", is_runnable(facts)},
                                      {"summary", summary},
                                      {"reasons", std::move(list)},
                                      {"facts", std::move(told)}});
}

}  // namespace troupe
