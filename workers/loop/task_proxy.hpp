#pragma once

#include "runtime/auth/credentials.hpp"
#include "runtime/files/descriptor.hpp"
#include "workers/engines/engine.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Within a task, the way to the API without credentials: takes plain requests on loopback, and
/// signs them with the run's credentials, limited to the task's scopes (workers contract 6.4).
class task_proxy {
 public:
  /// Listens at the first of `places` that is free; throws when none is. At one within the network
  /// of the task it waits to be given the listener.
  task_proxy(std::string root_url, credentials by, std::vector<std::string> scopes,
             const std::vector<proxy_place>& places);
  ~task_proxy();

  /// `http://<host>`, with the port unless it is 80.
  const std::string& url() const;

  /// Where it listens.
  const proxy_place& place() const;

  /// Serves that listener, in place of one of its own. From any thread; once.
  void serve(descriptor listener);

  /// Goes over to the credentials of a reclaim.
  void use(credentials by);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
