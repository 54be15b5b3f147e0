#pragma once

#include <string>

namespace troupe {

/// Blocks SIGINT, SIGTERM and SIGPIPE in this thread and those it starts, so that one thread can
/// wait for them. Call before any thread is started.
void hold_signals();

/// Waits for SIGINT or SIGTERM, or until another thread calls `end_wait`; answers the signal, or 0.
int wait_for_end();

/// Whether a signal that would end the wait has come already, for what takes long before it.
bool end_is_wanted();

/// Ends `wait_for_end` with a reason, e.g. that the server cannot go on.
void end_wait(std::string reason);

/// The reason given to `end_wait`; empty when a signal ended the wait.
std::string end_reason();

}  // namespace troupe
