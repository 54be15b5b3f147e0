#pragma once

#include "actors/log_stream/log_stream_rules.hpp"
#include "messages/ids.hpp"
#include "messages/log_commands.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// The file that holds all of a live log, so that a follower may come late, and a restarted server
/// still knows what the worker has sent. Written without waiting for the disk to have it: the
/// worker keeps its own copy, and the finished log becomes an artifact. Its calls block, so they
/// belong on a thread for files; one writer at a time, readers at any time.
class log_spool {
 public:
  /// Opens the file of a run; null when it is not there and `make` is not set, or when it cannot be
  /// opened. A tail that a crash of the machine left without its bytes is cut off.
  static std::shared_ptr<log_spool> open(const std::string& directory, const task_id& task,
                                         run_id run, bool make);
  ~log_spool();
  log_spool(const log_spool&) = delete;
  log_spool& operator=(const log_spool&) = delete;

  /// Bytes and state of the file when it was opened.
  std::uint64_t opened_size() const { return opened_size_; }
  bool opened_finished() const { return opened_finished_; }

  /// Writes the pieces one after the other from `offset` on; false when the disk does not take it.
  bool write(std::uint64_t offset, const std::vector<log_bytes>& pieces);

  /// Up to `length` bytes at `offset`; fewer, or none, when the file is shorter than it was.
  std::string read(std::uint64_t offset, std::uint64_t length) const;

  /// Ends a search for the last lines, which began in memory; where they begin.
  std::uint64_t find_tail(tail_search search) const;

  /// Marks the log as complete, which a restart has to know, and whether it is still to be made an
  /// artifact for its worker.
  bool finish(bool to_be_kept = false);

 private:
  log_spool(int file, std::string path) : file_(file), path_(std::move(path)) {}
  void inspect();
  std::uint64_t size_without_torn_tail(std::uint64_t size) const;

  int file_;
  std::string path_;
  std::uint64_t opened_size_ = 0;
  bool opened_finished_ = false;
};

/// The spool file of a run.
std::string path_of_spool(const std::string& directory, const task_id& task, run_id run);

/// A log that a server has left behind.
struct left_spool {
  task_id task;
  run_id run = 0;
  bool finished = false;  ///< it is to be kept; otherwise nobody has ended it
};

/// The logs in the directory that somebody has to look after.
std::vector<left_spool> find_left_spools(const std::string& directory);

/// The log need not be kept any more: its file stays as long as that of any other.
void forget_keeping(const std::string& directory, const task_id& task, run_id run);

/// Removes the file of a log, and what is noted of it.
void remove_spool(const std::string& directory, const task_id& task, run_id run);

/// Removes the files of logs that were finished longer ago than `finished_s`, or that were last
/// written longer ago than `unfinished_s` and are not finished or still to be kept, both in
/// seconds.
void remove_old_spools(const std::string& directory, std::int64_t unfinished_s,
                       std::int64_t finished_s = 3600);

}  // namespace troupe
