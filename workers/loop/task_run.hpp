#pragma once

#include "runtime/queue_client/queue_client.hpp"
#include "workers/engines/engine.hpp"
#include "workers/engines/payload.hpp"
#include "workers/engines/run_verdict.hpp"
#include "workers/loop/held_claim.hpp"
#include "workers/loop/live_log.hpp"
#include "workers/loop/prefixed_lines.hpp"
#include "workers/loop/queue_port.hpp"
#include "workers/processes/process_guardian.hpp"
#include "workers/worker.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class control_group;
class resource_monitor;
class run_desk;
class run_interrupt;
class shell_host;
class stage_watch;
class task_mounts;
class task_proxy;
class worker_caches;

/// The artifact by which a shell in a running task is found.
inline constexpr const char* shell_artifact = "private/generic-worker/shell.html";
/// That by which a display of one is found.
inline constexpr const char* display_artifact = "private/docker-worker/display.html";

/// One claimed run, from its claim to its report. Lives on a thread of its own.
class task_run {
 public:
  /// `claim` is an entry of claimWork's answer; throws when it is none.
  task_run(const worker_options& options, queue_port& port, process_guardian& guardian,
           worker_caches& caches, boost::json::object claim, run_interrupt& interrupt);
  ~task_run();

  /// Does everything; returns when the run is reported, or lost. False when this worker cannot run
  /// tasks any more.
  bool perform();

 private:
  using verdict = run_verdict;

  // Bytes on their way to an artifact.
  struct outgoing {
    std::string name;
    int file = -1;
    std::uint64_t size = 0;
    std::string type;
    bool compress = false;
    std::string expires;
  };

  struct artifact_record {
    std::string path;
    std::string sha256;  // only for a certificate
  };

  // An artifact that is to be made.
  struct wanted_upload {
    enum class kind {
      file,   // of a file
      again,  // of the same file as another of this name
      error,  // that says why there is no file
      clash,  // of another file than one of this name: it is not made
    };
    kind what;
    const payload_artifact* wanted;  // of the payload
    std::string path;
    std::string name;
    const char* reason = "";  // error
    std::string text = {};    // error and clash
  };

  // What became of it.
  struct upload_end {
    bool unreadable = false;
    std::optional<run_verdict> trouble;
    std::string sha256;  // only for a certificate
  };

  verdict work();
  verdict run_commands();
  std::optional<verdict> make_ready();
  verdict run_ready();
  bool make_places();
  std::vector<std::string> within_limits(const std::vector<std::string>& words) const;
  void note_limits();
  void watch_stages();
  void enter(const char* stage);
  void leave_stage();
  verdict with_late_stage(verdict result);
  verdict run_command(const command_line& line);
  verdict watch_command();
  std::optional<verdict> verdict_of_news();
  std::optional<verdict> verdict_of_interrupt();
  std::optional<verdict> verdict_of_time();
  void wait_for_processes(bool interruptible, std::chrono::milliseconds longest);
  void take_output();
  std::string take_errors();
  bool start_command(const command_line& line);
  void watch_resources();
  void report_resources();
  void end_processes(std::chrono::milliseconds grace);
  void share_credentials();
  void open_proxy();
  void open_shells();
  void open_displays();
  void offer_page(const std::string& artifact, const std::string& url, const std::string& what);
  void close_shells();
  std::vector<std::string> task_scopes() const;
  bool has_caches() const;
  std::optional<verdict> check_scopes();
  std::optional<verdict> mount_all();
  verdict unmount(verdict result);
  std::map<std::string, std::string> fixed_variables() const;
  void create_live_log();
  void keep_logs();
  void upload_artifacts();
  void upload_wanted(const payload_artifact& wanted);
  void upload_directory(const payload_artifact& wanted, const std::string& directory);
  void want_upload(const payload_artifact& wanted, const std::string& path,
                   const std::string& name);
  void upload_files();
  upload_end upload_file(const wanted_upload& file, queue_client& by,
                         const std::string& room) const;
  void take_upload(const wanted_upload& one, upload_end end);
  void want_error(const payload_artifact& wanted, const std::string& name, const char* reason,
                  std::string text);
  void upload_error(const payload_artifact& wanted, const std::string& name, const char* reason,
                    const std::string& text);
  void skip(const std::string& name);
  std::optional<verdict> store(const outgoing& sends);
  std::optional<verdict> store_by(queue_client& by, const outgoing& sends,
                                  const std::string& room) const;
  bool is_reserved(const std::string& name) const;
  void certify();
  void store_certificate(const std::string& name, const std::string& bytes,
                         const std::string& type);
  void blame(verdict because);
  call_result create_artifact(const std::string& name, const boost::json::object& body);
  call_result create_artifact_by(queue_client& by, const std::string& name,
                                 const boost::json::object& body) const;
  call_result call(std::string_view verb, const std::string& target, const std::string& body);
  call_result repeat(const std::function<call_result()>& attempt) const;
  void report(verdict result);

  const worker_options& options_;
  process_guardian& guardian_;
  worker_caches& caches_;
  queue_port& port_;
  run_interrupt& interrupt_;
  held_claim claim_;
  queue_client client_;
  queue_client downloads_;  // given up when the run is interrupted
  const std::string task_id_;
  const std::string run_id_;
  boost::json::object task_;
  timestamp run_until_;
  std::optional<verdict> artifact_trouble_;          // the first
  std::map<std::string, artifact_record> uploaded_;  // by name
  std::vector<wanted_upload> wanted_uploads_;        // in the order of the payload
  std::optional<int> exit_code_;                     // of the last command that ended by itself
  bool broken_ = false;                              // no process can be started
  std::string directory_;
  std::unique_ptr<live_log> log_;
  engine& engine_;
  std::unique_ptr<engine_run> execution_;
  task_payload payload_;
  bool prepared_ = false;
  std::unique_ptr<task_mounts> mounts_;
  std::unique_ptr<run_desk> desk_;
  std::unique_ptr<task_proxy> proxy_;
  std::unique_ptr<control_group> group_;
  std::unique_ptr<run_processes> processes_;
  std::optional<prefixed_lines> errors_;  // of the command, where they are not output
  std::unique_ptr<resource_monitor> monitor_;
  std::unique_ptr<shell_host> shells_;
  std::unique_ptr<shell_host> displays_;
  std::unique_ptr<stage_watch> watch_;
};

}  // namespace troupe
