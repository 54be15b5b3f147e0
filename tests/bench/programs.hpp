#pragma once

namespace troupe_load {

struct options;

/// Each is what the program does in one mode or more, and gives its exit code.
int run_load(const options& given);

/// Follows a live log by WebSocket whose lines are times of writing, and measures how old each is.
int follow_log(const options& given);

/// Writes the time, a line each few milliseconds: what a task does whose log is followed.
int write_lines(const options& given);

/// Writes so much as fast as it is taken.
int write_megabytes(const options& given);

/// Follows a live log by many WebSockets until it ends: how much came when, and at what cost.
int drain_log(const options& given);

/// Measures this machine by a fixed computation on one thread.
int hash_loop();

}  // namespace troupe_load
