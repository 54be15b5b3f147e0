#pragma once

namespace troupe {

/// What becomes of a run.
enum class run_verdict {
  completed,
  failed,        ///< the task says no
  malformed,     ///< its author must change something
  unavailable,   ///< something that it needs cannot be had
  internal,      ///< the worker is at fault
  fatal,         ///< the worker is at fault, and must not go on
  intermittent,  ///< the task asks to be run again
  shutdown,      ///< the worker is to end; the run is given back
  lost,          ///< the run is not ours any more; nothing is reported
};

}  // namespace troupe
