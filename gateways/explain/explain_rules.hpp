#pragma once

#include "gateways/explain/explain_facts.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// Facts in, reasons out: why a task does not run, and what would change that.

/// How much a reason matters; the most important ones come first.
enum class importance : std::uint8_t {
  blocking,  ///< while this is so, the task cannot run
  delaying,  ///< it will run, but not yet
  note,      ///< worth knowing
};

/// The wire's name, e.g. `blocking`.
std::string_view to_string(importance weight);

/// One reason. `code` is for programs and stays as it is, the sentences are for people.
struct reason {
  std::string code;
  importance weight = importance::note;
  std::string text;    ///< why, in one sentence
  std::string change;  ///< what would change it, in one sentence
  boost::json::object details;
};

/// All reasons, in order of their importance; never none.
std::vector<reason> reasons_of(const explain_facts& facts);

/// Whether nothing about the task itself keeps it from running: it runs, or waits for nothing but a
/// worker.
bool is_runnable(const explain_facts& facts);

/// The answer: `{taskId, state, runnable, summary, reasons, facts}`; `told` are the facts as they
/// were told.
std::string explanation_text(const explain_facts& facts, boost::json::object told);

}  // namespace troupe
