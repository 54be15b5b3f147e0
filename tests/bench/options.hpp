#pragma once

#include "tests/bench/process_use.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe_load {

/// What the command line says; `usage` explains each.
struct options {
  std::string root_url, connect, client_id, access_token, certificate;
  std::string mode = "lifecycle";
  std::string path = "/api/queue/v1/ping";
  std::string body;
  std::string method = "GET";
  std::string label;
  std::string queue, group_id, task_id;
  std::string worker_group = "bench";
  std::string worker_id = "troupe_load-1";
  std::string scheduler = "bench";
  int concurrency = 1, batch = 32, group_size = 100, payload_bytes = 2048, verify = 20, retries = 5;
  int pollers = 1, gap_ms = 30, jitter_ms = 1000, prefill = 64, page_size = 1000, run_id = 0;
  int queues = 1, followers = 1, line_bytes = 20;
  long tasks = 1000, warmup = 0;
  double max_seconds = 300, rate = 0, seconds = 5, interval_ms = 5, megabytes = 100;
  bool own_creds = false, hash_payload = false;
  std::uint64_t seed = 0;
  watch_list watch;
};

/// Reads the command line; nothing where it cannot be understood.
std::optional<options> read_options(int argc, char** argv);

/// How the program is called.
extern const char* const usage;

}  // namespace troupe_load
