#pragma once

#include "tests/bench/connection_loop.hpp"
#include "tests/bench/options.hpp"
#include "tests/bench/random_ids.hpp"
#include "tests/bench/request_writer.hpp"
#include "tests/bench/task_body.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

class mode;

/// How far the present stage is.
struct progress {
  long target = 0, started = 0, created = 0, create_failed = 0, claimed = 0, finished = 0;
  std::int64_t began_ns = 0;
};

/// The generator: connections that each do one operation after the other, as a mode says.
class load final : connection_listener {
 public:
  explicit load(options given);

  /// Opens so many connections, at their first use.
  void make_connections(int count);

  /// Lets `how` do `count` tasks; ends early after --max-seconds.
  void run_stage(mode& how, long count);

  /// Closes all connections, whatever they do.
  void drop_connections();

  /// Forgets what was seen, but not the tasks that are known.
  void forget();

  /// Reads the state of a task once more, on a connection of its own.
  std::string state_of(const std::string& task_id);

  // For modes: what a free connection does next. `due_ns` is from when on it counts, 0: now.
  void start(connection& on, operation what, std::int64_t due_ns = 0);
  void start_create(connection& on, std::int64_t due_ns = 0);
  void start_claim(connection& on, int tasks);
  /// Reports the next claimed run; false when there is none.
  bool start_complete(connection& on);
  /// Finds an idle connection with this role and takes it out of the idle ones; null without one.
  connection* take_idle(int role);
  /// Offers work to the idle connections.
  void kick();

  random_source random;
  options given;
  progress now;
  statistics seen;
  std::deque<claim_ptr> to_complete;
  std::vector<std::string> known;  ///< ids of tasks that were created
  std::string list_query;          ///< list: the page to read
  std::vector<std::unique_ptr<connection>> connections;

 private:
  void on_response(connection& of) override;
  void on_broken(connection& of, const char* how) override;
  void send(connection& on);
  bool offer(connection& to);
  bool note_failure(connection& of, std::string_view body);
  void account(connection& of, bool succeeded, std::string_view body, std::int64_t at_ns);
  void account_create(connection& of, bool succeeded, std::int64_t at_ns);
  void account_claim(connection& of, bool succeeded, std::string_view body, std::int64_t at_ns);

  server_address server_;
  credentials own_;
  request_writer requests_;
  task_body body_;
  std::string claim_path_;
  connection_loop loop_;
  std::vector<connection*> idle_;
  mode* mode_ = nullptr;
  bool stopped_ = false;
  std::string group_id_;
  long in_group_ = 0;
};

}  // namespace troupe_load
