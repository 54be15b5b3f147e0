#pragma once

#include "messages/ids.hpp"

#include <map>
#include <string>
#include <utility>

namespace troupe {

/// What a provisioner knows of a machine.
struct provisioned_machine {
  bool stopping = false;
};

/// Everything a provisioner knows.
struct provisioner_state {
  std::string provider;  ///< providerId
  std::map<std::pair<task_queue_id, worker_name>, provisioned_machine> machines;
};

}  // namespace troupe
