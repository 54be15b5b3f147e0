#pragma once

#include "messages/ids.hpp"
#include "messages/task_commands.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/queue_client/call_result.hpp"

#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct worker_options;

/// A run of a task.
struct run_address {
  task_id task;
  run_id run = 0;

  friend auto operator<=>(const run_address&, const run_address&) = default;
};

/// Why the server no longer wants a run.
struct stop_reason {
  std::string resolved;  ///< as in `reasonResolved`: `canceled`, `deadline-exceeded`, ...
};

/// How a worker speaks with the queue of its tasks. What carries it is the port's own affair; every
/// answer looks as that of the HTTP API does. All members may be called from any thread, several at
/// once; those that answer a `call_result` block. None throws, none repeats a call: whoever calls
/// knows how long that is worth while. Artifacts, logs and the task proxy do not go this way.
class queue_port {
 public:
  virtual ~queue_port() = default;

  /// claimWork for up to `count` tasks, as the worker itself. Waits until the server answers (200
  /// `{"tasks": [...]}`, empty when nothing came for a while), or the claim is given up. A claim
  /// that ends with status 0 got nothing and will get nothing. One at a time.
  virtual call_result claim_work(unsigned count) = 0;

  /// Ends a waiting claim with status 0; all later ones end at once. Returns without waiting.
  virtual void give_up() = 0;

  /// reclaimTask. `by` are the run's credentials of its claim or of the last reclaim.
  virtual call_result reclaim(const run_address& run, const credentials& by) = 0;

  /// reportCompleted, reportFailed, or reportException with the reason that `report` names.
  virtual call_result report(const run_address& run, const credentials& by, run_report report) = 0;

  /// Tells `stopped`, at most once and from any thread, when the run ends on the server without our
  /// doing: then it is to be stopped and not to be reported. `stopped` must not block, nor call the
  /// port. A transport over which the server cannot speak first never tells it: there a reclaim
  /// that is answered with 409 says the same.
  virtual void watch_run(const run_address& run, std::function<void(stop_reason)> stopped) = 0;

  /// When it returns, nothing is told of the run any more, nor is being told. A run that is not
  /// watched is fine.
  virtual void unwatch_run(const run_address& run) = 0;
};

/// Makes the port of a worker; the options outlive it.
using queue_port_factory = std::function<std::unique_ptr<queue_port>(const worker_options&)>;

}  // namespace troupe
