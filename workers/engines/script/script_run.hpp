#pragma once

#include "runtime/auth/credentials.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/engines/engine.hpp"
#include "workers/engines/script/script_config.hpp"
#include "workers/engines/script/script_rules.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// How the script engine serves its worker.
struct script_engine_options {
  std::shared_ptr<const script_config> config;
  bool signs = false;  ///< the worker has a key of the chain of trust
};

/// One run of a script (workers contract, sections 4 and 5.4). Below the run's directory: `work`,
/// where the script finds what it is to do; `artifacts`, of which all is uploaded; the file of
/// credentials; and the script's own configuration.
class script_run : public engine_run {
 public:
  /// `problems` gets a line for everything that is wrong with the task.
  script_run(const script_engine_options& options, const run_facts& facts,
             std::vector<std::string>& problems);

  const task_payload& payload() const override { return payload_; }
  std::vector<std::string> needed_scopes() const override;
  std::optional<run_verdict> prepare(run_desk& desk) override;
  std::vector<command_line> commands(const run_surroundings& around) override;
  run_verdict judge(const exit_result& exit, run_desk& desk) override;
  void gather(run_desk& desk) override;
  void use(const credentials& by) override;
  run_verdict out_of_time() override;
  bool has_artifacts(run_verdict result) const override;
  run_verdict with_trouble(run_verdict result, run_verdict trouble) const override;

 private:
  bool write_context() const;
  bool write_files() const;
  bool is_told_by_input() const;
  std::string input() const { return directory_ + "/payload.json"; }
  std::optional<run_verdict> verify(run_desk& desk, artifact_sums& sums);
  credentials by() const;

  const script_engine_options& options_;
  const std::string task_id_;
  const std::string run_id_;
  const boost::json::object definition_;
  const std::string directory_;
  const std::string root_url_;
  const script_task task_;
  const script_places places_;
  task_payload payload_;
  std::optional<run_verdict> ended_;  // the script, so
  mutable std::mutex guard_;
  credentials by_;             // guarded
  descriptor file_;            // guarded: of the credentials
  std::size_t file_size_ = 0;  // guarded
};

}  // namespace troupe
