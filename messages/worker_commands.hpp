#pragma once

#include "messages/answer.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <string>

namespace troupe {

// What a worker's record is told. The first two members say which worker it is: workers of
// different queues are different, whatever their names.

/// The worker asked for work, or said that it still works on some; or, from its record to its
/// pool, that it was seen for the first time since it was started.
struct worker_seen {
  task_queue_id queue;
  worker_name worker;
  timestamp at;
};

/// The worker was handed these runs. A time of 0: before a restart, which is no sighting.
struct worker_claimed {
  task_queue_id queue;
  worker_name worker;
  boost::container::small_vector<handed_out_run, 1> runs;
  timestamp at;
};

/// Answer the worker's record (getWorker).
struct get_worker {
  task_queue_id queue;
  worker_name worker;
  reply_handle reply;
};

/// The worker may not be given work before this time; a past one sets it free (quarantineWorker).
struct quarantine_worker {
  task_queue_id queue;
  worker_name worker;
  timestamp until;
  std::string client_id;  ///< who says so
  std::string info;       ///< why
  reply_handle reply;
};

/// The worker is gone: what it runs is given back.
struct worker_lost {
  task_queue_id queue;
  worker_name worker;
  std::string reason;  ///< for people
};

/// Somebody says that there is such a worker, until then at least (declareWorker).
struct declare_worker {
  task_queue_id queue;
  worker_name worker;
  timestamp expires;
  reply_handle reply;
};

/// From the register: go if your time has come, and say how long you stay; answered by
/// `worker_noted`. With `as_of` it goes if it expires before then; whoever waits is answered by
/// `{"removed": 0}` or `{"removed": 1}`.
struct check_worker {
  task_queue_id queue;
  worker_name worker;
  timestamp as_of{};
  reply_handle reply{};
};

/// To the records of workers of a lane: a register is new, so tell it how long you stay.
struct note_workers {
  std::uint16_t lane = 0;
};

/// A quiet worker offers its directory to go away, and is told back that it may.
struct leave_worker {
  task_queue_id queue;
  worker_name worker;
  std::uint32_t received = 0;  ///< messages it had; fewer than sent: one is on its way
};

/// To records of workers and queues: the server ends, so write what is not written yet.
struct write_workers {};

}  // namespace troupe
