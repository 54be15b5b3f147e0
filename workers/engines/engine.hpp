#pragma once

#include "messages/api_error.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/engines/payload.hpp"
#include "workers/engines/run_verdict.hpp"
#include "workers/processes/run_processes.hpp"

#include <boost/json/object.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

struct credentials;
struct worker_options;

/// What is known of a run before anything is done.
struct run_facts {
  std::string task_id;
  std::string run_id;
  boost::json::object task;  ///< its definition
  std::string directory;     ///< the run's own; `work` in it is the one of its commands
  std::string root_url = {};
};

/// A file that was fetched: readable as long as the object lives.
struct fetched_file {
  descriptor file;     ///< keeps it; none for one that was written for the run
  std::string path;    ///< by which it can be opened
  std::string sha256;  ///< in hexadecimal, where it is known
};

/// What a run does for the engine that carries it out. Used on the run's thread.
class run_desk {
 public:
  virtual ~run_desk() = default;

  /// Lines of the worker in the log of the task.
  virtual void note(std::string_view text) = 0;
  virtual void note_warning(std::string_view text) = 0;
  virtual void note_error(std::string_view text) = 0;

  /// True when the run is not to go on: whatever takes long ends then, and what it answers does not
  /// matter.
  virtual const std::atomic<bool>& interrupted() const = 0;

  /// Becomes readable when it is.
  virtual int interruption() const = 0;

  /// Whether the engine now does nothing but wait for what other tasks have, be it for long.
  virtual void stands_in_line(bool) {}

  /// Fetches it with the scopes of the task, from the cache of downloads where that has it.
  virtual outcome<fetched_file> fetch(const mount_content& content) = 0;

  /// What the API answers to a GET of `target`, a path with its query, by the scopes of the task.
  /// Repeated as long as that is worth while.
  virtual outcome<boost::json::object> get(const std::string& target) = 0;
};

/// A command of a run, as it is started on this machine.
struct command_line {
  std::string shown;  ///< in the log; empty: nothing
  std::vector<std::string> words;
  std::string directory;
  std::map<std::string, std::string> env;  ///< all of it
  std::string input = {};         ///< a file that it reads; none: nothing, and errors are output
  std::string error_prefix = {};  ///< of the lines of its errors in the log, if it has an input
};

/// Where the task proxy listens, and by which name its task reaches it.
struct proxy_place {
  std::string address;
  std::uint16_t port = 0;  ///< 0: any that is free
  std::string host;        ///< what stands for the address in the URL
  bool within = false;     ///< of the task's own network, where its engine makes the listener
};

/// Takes the listener of the proxy of a task, and serves it from then on. From any thread, until
/// the commands of the task have ended.
using proxy_server = std::function<void(descriptor listener)>;

/// The displays that a run may have.
struct run_displays {
  std::string directory;  ///< where the sockets of its X servers are
  /// What shows the display of this name on its standard input and output, by RFB. From any thread.
  std::function<command_line(const std::string& display)> show;
};

/// What a run has beside its payload when its commands start.
struct run_surroundings {
  std::map<std::string, std::string> fixed;  ///< variables that no payload can replace
  std::optional<proxy_place> proxy;          ///< where the task proxy listens, if there is one
  proxy_server serve_proxy = {};             ///< for a place within the network of the task
};

/// One run within an engine, from the reading of its payload to its end. The run calls what follows
/// in the order of the declarations, on one thread; from `prepare` on only if the payload is fine,
/// the task has the scopes, and its mounts are there. Whatever the engine has made for the run is
/// gone when the object is.
class engine_run {
 public:
  virtual ~engine_run() = default;

  /// What the payload asks of the worker; what can be read of one with problems.
  virtual const task_payload& payload() const = 0;

  /// The scopes that the payload needs of its task.
  virtual std::vector<std::string> needed_scopes() const = 0;

  /// Groups of scopes, of each of which the task needs one.
  virtual std::vector<std::vector<std::string>> scope_choices() const;

  /// Gets ready what the commands need. A verdict, with its reason in the log, when they cannot be
  /// run.
  virtual std::optional<run_verdict> prepare(run_desk& desk);

  /// Where the proxy may listen, best first; the first that is free is taken.
  virtual std::vector<proxy_place> proxy_places() const;

  /// What is run, one after the other, until one of them ends otherwise than `completed`.
  virtual std::vector<command_line> commands(const run_surroundings& around) = 0;

  /// What opens a shell in the task on a terminal, while its commands run; nothing where there are
  /// none. From any thread.
  virtual std::optional<command_line> shell(const run_surroundings& around) const;

  /// Its displays; nothing where there are none. The reason why not, if there is one worth telling,
  /// is in `trouble`.
  virtual std::optional<run_displays> displays(std::string& trouble) const;

  /// What the end of a command means. Not asked of one that was ended from outside.
  virtual run_verdict judge(const exit_result& exit, run_desk& desk);

  /// No command runs any more, nor anything that they left behind; artifacts are wanted. Not called
  /// for a run that was ended from outside.
  virtual void gather(run_desk& desk);

  /// Where an artifact is to be found then: an absolute path, or one from the commands' directory.
  virtual std::string path_of(const payload_artifact& artifact) const;

  /// What a certificate of the chain of trust says of the environment beside what it always says.
  virtual boost::json::object certified_environment() const;

  /// The commands have been ended and the artifacts are uploaded; caches are about to be given
  /// back. Called whenever `prepare` was, whatever came of it.
  virtual void close(run_desk& desk);

  // What is different where not the payload says what runs.

  /// The credentials of the task: before `prepare`, and whenever they are renewed, then from
  /// another thread. May come with the same ones again.
  virtual void use(const credentials& by);

  /// What becomes of a run that took longer than its payload allows.
  virtual run_verdict out_of_time();

  /// Whether artifacts are wanted of a run that ended so.
  virtual bool has_artifacts(run_verdict result) const;

  /// What becomes of a run that ended so, when there was trouble with its artifacts.
  virtual run_verdict with_trouble(run_verdict result, run_verdict trouble) const;
};

/// How tasks are carried out. One serves all runs of a worker, from any thread.
class engine {
 public:
  virtual ~engine() = default;

  /// As in `--engine`.
  virtual std::string_view name() const = 0;

  /// The JSON schema of the payloads that it takes.
  virtual std::string_view schema() const = 0;

  /// Whether a payload is meant for it rather than for another engine, be it right or wrong.
  virtual bool is_meant_by(const boost::json::value& payload) const = 0;

  /// Reads the payload of a run; `problems` gets a line for everything that is wrong with it.
  virtual std::unique_ptr<engine_run> open(const run_facts& facts,
                                           std::vector<std::string>& problems) = 0;
};

using engine_list = std::vector<std::shared_ptr<engine>>;

/// The engine for a payload: the first for which it is meant, or else the first of all, which then
/// says what is wrong with it.
engine& choose_engine(const engine_list& engines, const boost::json::value& payload);

/// The payload of a task; null when it has none.
const boost::json::value& payload_of(const boost::json::object& task);

}  // namespace troupe
