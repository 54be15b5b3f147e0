#pragma once

#include "messages/ids.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace troupe {

class shell_end;

/// Brings those who want a shell in a running task together with the worker that offers it. Both
/// have come to this server by a WebSocket of their own, perhaps on different lanes, and know the
/// secret that the worker chose. Keeps their ends as long as they are open. Asked only when they
/// come and go, from any lane.
class shell_desk {
 public:
  /// A worker waits with a shell of its run.
  void offer(const std::shared_ptr<shell_end>& worker);

  /// Somebody wants a shell: is let in when the secret is that of a worker, which may be about to
  /// offer its next one, and is refused otherwise.
  void ask(const std::shared_ptr<shell_end>& reader);

  /// A worker says which displays its run has now, each by its name in a line.
  void tell(const std::shared_ptr<shell_end>& worker, const std::string& displays);

  /// Those that it said last; nothing when there is no worker of the secret.
  std::optional<std::vector<std::string>> displays(const std::string& secret);

  /// The end of a worker or of a reader has gone.
  void leave(const std::shared_ptr<shell_end>& gone);

  /// The server ends: all are told, and nobody is let in any more.
  void drain();

 private:
  using end_set = std::unordered_set<std::shared_ptr<shell_end>>;
  using end_queue = std::deque<std::shared_ptr<shell_end>>;

  // What a worker has, by its secret; as long as it has a connection, waiting or in use.
  struct host {
    task_id task;
    run_id run = 0;
    std::vector<std::string> displays;
    end_set workers;
    end_set readers;
    end_queue offers;   // of the workers, those that wait
    end_queue waiting;  // of the readers, those that wait
  };

  void match(host& of);

  std::mutex guard_;
  std::unordered_map<std::string, host> hosts_;  // guarded
  bool ended_ = false;                           // guarded
};

}  // namespace troupe
