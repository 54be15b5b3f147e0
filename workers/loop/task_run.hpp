#pragma once

#include "workers/loop/live_log.hpp"
#include "workers/loop/payload.hpp"
#include "workers/loop/queue_client.hpp"
#include "workers/loop/queue_port.hpp"
#include "workers/worker.hpp"

#include <boost/json/object.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace troupe {

class child_process;
class task_proxy;

/// One claimed run, from its claim to its report. Lives on a thread of its own.
class task_run {
 public:
  /// `claim` is an entry of claimWork's answer.
  task_run(const worker_options& options, queue_port& port, boost::json::object claim,
           const std::atomic<bool>& stopping);
  ~task_run();

  /// Does everything; returns when the run is reported, or lost.
  void perform();

 private:
  enum class verdict {
    completed,
    failed,
    malformed,
    unavailable,
    internal,
    intermittent,
    shutdown,
    lost
  };

  verdict work();
  verdict run_commands();
  verdict run_command(const std::vector<std::string>& words);
  verdict watch(child_process& child);
  void take_output(child_process& child);
  verdict stop_child(child_process& child, verdict because);
  void reclaim_when_due();
  bool mount_files(std::string& problem);
  std::map<std::string, std::string> environment() const;
  void create_live_log();
  void keep_logs();
  bool upload_artifacts();
  bool upload_one(const payload_artifact& wanted, const std::string& file, const std::string& name);
  bool upload_error(const payload_artifact& wanted, const char* reason, const std::string& text);
  bool store(const std::string& name, const std::string& bytes, const std::string& type,
             bool compress, const std::string& expires);
  call_result create_artifact(const std::string& name, const boost::json::object& body);
  call_result call(std::string_view verb, const std::string& target, const std::string& body);
  call_result repeat(const std::function<call_result()>& attempt);
  void report(verdict result);

  const worker_options& options_;
  queue_port& port_;
  const std::atomic<bool>& stopping_;
  queue_client client_;
  credentials by_;
  run_address address_;
  std::string task_id_;
  std::string run_id_;
  boost::json::object task_;
  timestamp claimed_at_;
  timestamp taken_until_;
  timestamp reclaim_at_;
  timestamp run_until_;
  std::optional<timestamp> stop_until_;  // how long calls are repeated once the worker is to end
  bool lost_ = false;
  task_payload payload_;
  std::string directory_;
  std::unique_ptr<live_log> log_;
  std::unique_ptr<task_proxy> proxy_;
};

}  // namespace troupe
