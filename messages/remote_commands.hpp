#pragma once

#include "messages/ids.hpp"

#include <cstdint>
#include <string>

namespace troupe {

// What crosses the CAF port between a worker and the server. Unlike all other messages these are
// serialized; members may be added at the end of a release only.

/// One API call, as its HTTP form would be: the server checks it the same way.
struct remote_call {
  std::string verb;
  std::string target;         ///< raw path with query
  std::string authorization;  ///< Hawk header, or empty
  std::string body;           ///< JSON, or empty
};

/// The answer to a call.
struct remote_answer {
  std::uint16_t status = 0;
  std::string body;
};

/// A worker introduces itself. The header is signed as for POST /claim-work/<queue>, and is
/// checked like one.
struct worker_hello {
  std::string queue;
  worker_name worker;
  std::string authorization;
  std::string version;  ///< of the worker program, for the log
};

/// From the worker: tell me when this run ends without my doing.
struct watch_run {
  task_id task;
  run_id run = 0;
};

/// From the worker: I am done with this run.
struct unwatch_run {
  task_id task;
  run_id run = 0;
};

/// To the worker: the run was resolved by somebody else; stop it and do not report.
struct abort_run {
  task_id task;
  run_id run = 0;
  std::string reason;  ///< as in `reasonResolved`, e.g. `canceled`
};

/// From the worker: log bytes of a run, signed by the task's credentials.
struct remote_log {
  task_id task;
  run_id run = 0;
  std::uint64_t offset = 0;
  std::string bytes;
  std::string authorization;  ///< as for the PUT of the same bytes
};

template <class Inspector>
bool inspect(Inspector& f, remote_call& x) {
  return f.object(x).fields(f.field("verb", x.verb), f.field("target", x.target),
                            f.field("authorization", x.authorization), f.field("body", x.body));
}

template <class Inspector>
bool inspect(Inspector& f, remote_answer& x) {
  return f.object(x).fields(f.field("status", x.status), f.field("body", x.body));
}

template <class Inspector>
bool inspect(Inspector& f, worker_hello& x) {
  return f.object(x).fields(f.field("queue", x.queue), f.field("worker", x.worker),
                            f.field("authorization", x.authorization),
                            f.field("version", x.version));
}

template <class Inspector>
bool inspect(Inspector& f, watch_run& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run));
}

template <class Inspector>
bool inspect(Inspector& f, unwatch_run& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run));
}

template <class Inspector>
bool inspect(Inspector& f, abort_run& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run),
                            f.field("reason", x.reason));
}

template <class Inspector>
bool inspect(Inspector& f, remote_log& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run),
                            f.field("offset", x.offset), f.field("bytes", x.bytes),
                            f.field("authorization", x.authorization));
}

}  // namespace troupe
