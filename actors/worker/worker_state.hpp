#pragma once

#include "messages/answer.hpp"
#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Who put a worker into quarantine, or took it out.
struct quarantine_entry {
  std::string client_id;
  timestamp updated;
  timestamp until;
  std::string info;

  friend bool operator==(const quarantine_entry&, const quarantine_entry&) = default;
};

/// A worker as its queue has seen it (queue contract 3.6). What it runs now its queue knows.
struct worker_state {
  task_queue_id queue;
  worker_name worker;
  timestamp expires;  ///< 0: no such worker
  timestamp first_claim;
  timestamp last_active;
  timestamp quarantine_until;                 ///< a past one when it never was in quarantine
  std::vector<quarantine_entry> quarantines;  ///< oldest first
  std::vector<handed_out_run> recent;         ///< the last runs it was handed, oldest first

  bool is_known() const { return expires.ms != 0; }
};

}  // namespace troupe
