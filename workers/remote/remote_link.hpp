#pragma once

#include "messages/api_error.hpp"
#include "messages/remote_commands.hpp"
#include "runtime/queue_client/call_result.hpp"
#include "runtime/tls/tls_files.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct link_events;

/// Where the CAF port of a server is, and what opens it.
struct remote_server {
  std::string host;
  std::uint16_t port = 0;
  tls_files tls;
};

/// One connection to the CAF port, with an actor system of its own: a node that comes back under
/// the name of one that the server has not yet found to be gone would not be heard. Blocking. Made
/// and destroyed by one thread, because CAF's log waits for the thread that made a system; used
/// from any.
class remote_link {
 public:
  /// Connects. Errors are those of `probe_tls`, and `input_error` for a server that speaks another
  /// protocol. Gives up when the descriptor `give_up` becomes readable.
  static outcome<std::unique_ptr<remote_link>> open(const remote_server& server, int give_up,
                                                    link_events events);

  ~remote_link();

  /// Ends the connection; calls under way end with status 0.
  void shut();

  /// The root URL of the server, by its own word.
  outcome<std::string> root_url();

  /// Says hello; 200 when the worker was let in.
  call_result enter(worker_hello hello);

  /// Makes a call; status 0 when there is no answer within the limit.
  call_result call(remote_call what, std::chrono::milliseconds limit);

  /// A waiting claim is answered now.
  void hurry_claim();

  /// Lets the server know that the worker will not come back.
  void say_farewell();

 private:
  struct impl;
  explicit remote_link(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
