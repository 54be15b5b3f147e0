#pragma once

#include "messages/answer.hpp"
#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "runtime/blobs/file_pool.hpp"
#include "runtime/events/event.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace troupe {

class lane;
class lane_store;
class queue_client;
class switchboard;

/// Looks after the logs of workers that did not: tells the live logs which runs were resolved as
/// exceptions, and makes an artifact of what they end themselves, as the worker would have done.
class log_keeper {
 public:
  /// `directory` is that of the spools.
  log_keeper(switchboard& board, std::string directory);
  /// Gives up what it is doing.
  ~log_keeper();

  /// Before the lane runs: hears of its runs.
  void listen_to(lane& on, lane_store& store);

  /// On its thread, once it serves: runs that were resolved while nobody listened.
  void look_back(lane& on);

  /// Keeps a log that is whole in its spool; on the lane of its task.
  void keep(lane& on, const task_id& task, run_id run);

  /// Nothing more is kept: the doors close.
  void close();

 private:
  class lane_ear;
  class question;
  struct one_log;

  void ask(lane& on, std::function<void(reply_handle)> send, std::function<void(answer&&)> then);
  void read_definition(const std::shared_ptr<one_log>& about, const answer& definition);
  void create(const std::shared_ptr<one_log>& about);
  void upload(const std::shared_ptr<one_log>& about, const answer& created);
  bool send(const one_log& about, const std::string& url, const std::string& type);
  void link(const std::shared_ptr<one_log>& about);
  void look_at(lane& on, const task_id& task, run_id run);

  switchboard& board_;
  std::string directory_;
  std::deque<lane_ear> ears_;
  std::atomic<bool> closed_{false};
  std::mutex guard_;
  queue_client* sending_ = nullptr;  // guarded
  file_pool files_{1};
};

}  // namespace troupe
