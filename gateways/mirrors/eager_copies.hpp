#pragma once

#include "gateways/mirrors/eager_rules.hpp"
#include "messages/answer.hpp"
#include "messages/caller.hpp"
#include "runtime/events/event.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/mirrors/mirror_sites.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

class switchboard;

/// Has copies made of what a task will read, as soon as it is pending in a pool of a site whose
/// settings say so: those artifacts that its mounts name, or else all of its dependencies but logs.
/// It asks as a reader at the site would, one question after the other, so that it takes nothing
/// from those who wait. One a lane.
class eager_copies final : public event_listener, public answer_sink, public timer_target {
 public:
  /// All must outlive it.
  eager_copies(lane& on, switchboard& board, const mirror_sites& sites);
  ~eager_copies() override;
  eager_copies(const eager_copies&) = delete;
  eager_copies& operator=(const eager_copies&) = delete;

  void on_event(const event& what) override;
  void complete(answer&& result) override;
  void on_timer() override;

 private:
  struct wish {
    pending_task task;
    std::vector<std::string> sites;
  };
  using taker = std::function<void(const answer& result)>;

  void work();
  template <class Command>
  void ask(Command command, taker take);
  void take_definition(const answer& result);
  void over(const answer& result);

  lane& lane_;
  switchboard& board_;
  const mirror_sites& sites_;
  const caller_ptr reader_;
  std::deque<wish> waiting_;
  // Of the task that is looked after now, the first of those that wait.
  bool busy_ = false;
  std::deque<task_id> listed_;             // whose artifacts are to be listed
  std::deque<needed_artifact> artifacts_;  // that are to be asked for
  std::size_t site_ = 0;                   // of the first of them
  bool opened_ = false;                    // the definition was asked for
  reply_handle handle_;
  taker take_;
  timer_id timer_ = 0;
};

}  // namespace troupe
