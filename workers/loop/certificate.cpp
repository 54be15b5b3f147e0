#include "workers/loop/certificate.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

// Objects are merged, all else is replaced.
void merge(json::object& into, const json::object& from) {
  for (const auto& member : from) {
    auto* there = into.if_contains(member.key());
    if (there != nullptr && there->is_object() && member.value().is_object())
      merge(there->get_object(), member.value().get_object());
    else
      into[member.key()] = member.value();
  }
}

}  // namespace

bool is_of_chain_of_trust(std::string_view name) {
  return name == certificate_name || name == signature_name || name == certified_log_name;
}

// What the task adds may stand beside what the worker says, but not within it: nothing about an
// artifact or the task is to come from the task itself.
json::object make_certificate(const certificate_facts& facts, json::object additional) {
  json::object artifacts;
  for (const auto& [name, sum] : facts.sums)
    artifacts[name] = json::object{{"sha256", sum}};
  additional.erase("artifacts");
  additional.erase("task");
  merge(additional, json::object{{"chainOfTrustVersion", 1},
                                 {"artifacts", std::move(artifacts)},
                                 {"task", facts.task},
                                 {"taskId", facts.task_id},
                                 {"runId", facts.run_id},
                                 {"workerGroup", facts.worker_group},
                                 {"workerId", facts.worker_id},
                                 {"environment", facts.environment}});
  return additional;
}

}  // namespace troupe
