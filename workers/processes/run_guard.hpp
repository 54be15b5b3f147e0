#pragma once

namespace troupe {

struct guard_places;

/// The process that stands between the worker and the processes of one run: it starts the run's
/// commands, inherits whatever they leave behind, also what went into a session of its own or gave
/// up its environment, and ends it all when it is told to or when the worker is gone; in that case
/// it removes `directory`, too. Never returns. To be called in a process with one thread and all
/// signals blocked.
[[noreturn]] void guard_run(const guard_places& places, const char* directory);

}  // namespace troupe
