#pragma once

#include "messages/ids.hpp"
#include "messages/timestamp.hpp"

#include <string>

namespace troupe {

/// What is to be found out or done next about a log on its way to become an artifact.
enum class keeping_step {
  read_task,  ///< names and expiry are those that the worker would have used
  look,       ///< the worker may have been at it
  create,     ///< the artifact of the whole log
  upload,     ///< its data
  link,       ///< the live log leads there
};

/// A log that is whole in its spool, of a run whose worker did not keep it.
struct kept_log {
  task_id task;
  run_id run = 0;
  keeping_step step = keeping_step::read_task;
  unsigned failures = 0;  ///< in a row

  timestamp expires{};
  std::string backing = "public/logs/live_backing.log";  ///< the artifact of the whole log
  std::string live = "public/logs/live.log";             ///< empty: nobody wants a link
  std::string put_url;                                   ///< where the data go
  std::string put_type;                                  ///< as what

  /// For people.
  std::string text() const { return task.str() + "/" + std::to_string(run); }
};

}  // namespace troupe
