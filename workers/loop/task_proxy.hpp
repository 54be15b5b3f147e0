#pragma once

#include "runtime/auth/credentials.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Within a task, the way to the API without credentials: takes plain requests on loopback, and
/// signs them with the run's credentials, limited to the task's scopes (workers contract 6.4).
class task_proxy {
 public:
  task_proxy(std::string root_url, credentials by, std::vector<std::string> scopes);
  ~task_proxy();

  /// `http://127.0.0.1:<port>`
  const std::string& url() const;

  /// Goes over to the credentials of a reclaim.
  void use(credentials by);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
