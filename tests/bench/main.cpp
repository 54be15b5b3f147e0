// A load generator for Taskcluster-compatible servers.
//
// One thread, epoll, keep-alive HTTP/1.1 connections, Hawk headers signed in process (HMAC-SHA256
// with precomputed midstates of the key). It costs a few microseconds of CPU per request, so that
// it can share two cores with a fast server. Plain http:// root URLs only. Prints one line of JSON.

#include "tests/bench/options.hpp"
#include "tests/bench/programs.hpp"

#include <cstdio>

int main(int argc, char** argv) {
  using namespace troupe_load;
  const auto given = read_options(argc, argv);
  if (!given) {
    std::fputs(usage, stderr);
    return 2;
  }
  if (given->mode == "write-lines")
    return write_lines(*given);
  if (given->mode == "write-megabytes")
    return write_megabytes(*given);
  if (given->mode == "drain-log")
    return drain_log(*given);
  if (given->mode == "hash-loop")
    return hash_loop();
  if (given->mode == "follow-log")
    return follow_log(*given);
  return run_load(*given);
}
