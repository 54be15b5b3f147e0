#include "workers/engines/engine.hpp"

#include <boost/json/value.hpp>

#include <algorithm>

namespace troupe {

std::vector<std::vector<std::string>> engine_run::scope_choices() const { return {}; }

std::optional<run_verdict> engine_run::prepare(run_desk&) { return {}; }

std::vector<proxy_place> engine_run::proxy_places() const {
  return {{"127.0.0.1", 0, "127.0.0.1"}};
}

std::optional<command_line> engine_run::shell(const run_surroundings&) const { return {}; }

std::optional<run_displays> engine_run::displays(std::string&) const { return {}; }

run_verdict engine_run::judge(const exit_result& exit, run_desk&) {
  if (exit.signal != 0)
    return run_verdict::failed;
  if (exit.code == 0)
    return run_verdict::completed;
  const auto& retry = payload().retry_codes;
  return std::find(retry.begin(), retry.end(), exit.code) != retry.end() ? run_verdict::intermittent
                                                                         : run_verdict::failed;
}

void engine_run::gather(run_desk&) {}

std::string engine_run::path_of(const payload_artifact& artifact) const { return artifact.path; }

boost::json::object engine_run::certified_environment() const { return {}; }

void engine_run::close(run_desk&) {}

void engine_run::use(const credentials&) {}

run_verdict engine_run::out_of_time() { return run_verdict::failed; }

bool engine_run::has_artifacts(run_verdict result) const {
  return result == run_verdict::completed || result == run_verdict::failed ||
         result == run_verdict::intermittent;
}

run_verdict engine_run::with_trouble(run_verdict result, run_verdict trouble) const {
  return result == run_verdict::completed ? trouble : result;
}

engine& choose_engine(const engine_list& engines, const boost::json::value& payload) {
  for (const auto& each : engines)
    if (each->is_meant_by(payload))
      return *each;
  return *engines.front();
}

const boost::json::value& payload_of(const boost::json::object& task) {
  static const boost::json::value none;
  const auto* given = task.if_contains("payload");
  return given != nullptr ? *given : none;
}

}  // namespace troupe
