#pragma once

#include "messages/remote_commands.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace troupe {

// What stays on one side of the CAF port. Never serialized: nobody outside can send it.

// What lanes tell the door of remote workers and its sessions.

/// The answer to a call that a session passed on, by the number it gave it.
struct call_answered {
  std::uint32_t call = 0;
  remote_answer answer;
};

/// What a lane says to a worker's hello, by the number the door gave it.
struct hello_answered {
  std::uint32_t hello = 0;
  remote_answer answer;  ///< status 200: it is let in
};

/// The worker of a session has runs from now on, or none any more.
struct mind_worker {
  bool has_runs = false;
};

/// The worker of a session may be gone: ask it once.
struct doubt_worker {};

/// The session, the door, or the worker's end of the link is to end.
struct end_session {
  std::string why;
};

// What the worker program tells its own end of the link. `then` is called once, on a thread of the
// link: with status 0 when the link is gone first, and then the body says why.

/// Ask the server who it is; the answer's body is its root URL.
struct greet_server {
  std::function<void(remote_answer)> then;
};

/// Say hello; from then on calls can be made.
struct enter_server {
  worker_hello hello;
  std::function<void(remote_answer)> then;
};

/// Make a call.
struct place_call {
  remote_call call;
  std::function<void(remote_answer)> then;
};

/// Let a claim end its wait.
struct hurry_claim {};

/// Say that the worker ends.
struct say_farewell {
  std::function<void(remote_answer)> then;
};

}  // namespace troupe
