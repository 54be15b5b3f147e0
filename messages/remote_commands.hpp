#pragma once

#include "messages/ids.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

// What crosses the CAF port between a worker and the server. Unlike all other messages these are
// serialized: their type ids and members are the protocol. Any change makes `remote_protocol`
// another one.

/// The protocol of this program. Each side names its own before anything else is read.
inline constexpr std::uint32_t remote_protocol = 2;

/// What both sides call themselves; other programs that speak CAF are not even greeted.
inline constexpr const char* remote_application = "troupe-worker-link";

/// How often the server asks a worker that has runs whether it is there, and after how long a
/// silence each of them takes the other for gone. Nobody's work waits for a worker that has none.
inline constexpr std::chrono::seconds busy_heartbeat{1};
inline constexpr std::chrono::seconds busy_silence{5};

/// The same of every connection. A word each way costs the server some 70 us, so those who only
/// wait say few.
inline constexpr std::chrono::seconds idle_heartbeat{30};
inline constexpr std::chrono::seconds idle_silence{90};

/// A run of a task that a worker has.
struct held_run {
  task_id task;
  run_id run = 0;

  friend auto operator<=>(const held_run&, const held_run&) = default;
};

/// From the worker, before it knows anything: who are you?
struct ask_server {
  std::uint32_t protocol = remote_protocol;
};

/// The answer: what a worker needs to know before it can sign anything.
struct server_introduction {
  std::uint32_t protocol = remote_protocol;
  std::string version;   ///< of the server, for people
  std::string root_url;  ///< of its API; what signatures are made for
};

/// A worker introduces itself. The header is signed as for POST /claim-work/<queue>, and is
/// checked like one.
struct worker_hello {
  std::uint32_t protocol = remote_protocol;
  std::string instance;  ///< made anew by each start of a worker: tells it from others of its name
  std::string queue;
  worker_name worker;
  std::uint32_t capacity = 1;
  std::string host;            ///< host and port that this and all calls to come are signed for
  std::string authorization;   ///< Hawk header
  std::string version;         ///< of the worker program, for the log
  std::vector<held_run> runs;  ///< what it still works on when it comes back
};

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

/// From the worker: from now on claims are answered at once, with what they are getting or with
/// nothing; so is one that waits.
struct stop_waiting {};

/// From the worker: it ends and will not come back; what it has is given back.
struct leave_server {};

/// To the worker, while the server knows that it has runs: answered at once.
struct are_you_there {};

/// To the worker: it has no runs any more, and is not asked until it has.
struct no_more_questions {};

/// To the worker: the run was resolved by somebody else; stop it and do not report.
struct abort_run {
  task_id task;
  run_id run = 0;
  std::string reason;  ///< as in `reasonResolved`, e.g. `canceled`
};

template <class Inspector>
bool inspect(Inspector& f, held_run& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run));
}

template <class Inspector>
bool inspect(Inspector& f, ask_server& x) {
  return f.object(x).fields(f.field("protocol", x.protocol));
}

template <class Inspector>
bool inspect(Inspector& f, server_introduction& x) {
  return f.object(x).fields(f.field("protocol", x.protocol), f.field("version", x.version),
                            f.field("root_url", x.root_url));
}

template <class Inspector>
bool inspect(Inspector& f, worker_hello& x) {
  return f.object(x).fields(f.field("protocol", x.protocol), f.field("instance", x.instance),
                            f.field("queue", x.queue), f.field("worker", x.worker),
                            f.field("capacity", x.capacity), f.field("host", x.host),
                            f.field("authorization", x.authorization),
                            f.field("version", x.version), f.field("runs", x.runs));
}

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
bool inspect(Inspector& f, stop_waiting& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, leave_server& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, are_you_there& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, no_more_questions& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, abort_run& x) {
  return f.object(x).fields(f.field("task", x.task), f.field("run", x.run),
                            f.field("reason", x.reason));
}

}  // namespace troupe
