#include "tests/bench/clock.hpp"
#include "tests/bench/mode.hpp"
#include "tests/bench/text.hpp"

#include <string>
#include <unordered_map>

namespace troupe_load {

namespace {

enum role { poller, creator, completer };

/// Workers wait in claimWork; tasks are created one at a time, with pauses, and it is measured how
/// long each takes to reach one of them.
class handoff_mode final : public mode {
 public:
  using mode::mode;

  void prepare() override {
    const int pollers = load_.given.pollers;
    load_.make_connections(pollers + 2);
    for (int i = 0; i < pollers + 2; ++i)
      load_.connections[static_cast<std::size_t>(i)]->role = i < pollers ? poller : creator;
    load_.connections.back()->role = completer;
  }

  bool dispatch(connection& on) override {
    if (on.role == poller) {
      load_.start_claim(on, 1);
      return true;
    }
    return on.role == completer && load_.start_complete(on);  // the creator starts by the clock
  }

  bool all_alike() const override { return false; }

  std::int64_t before_wait(bool some_idle) override {
    create_when_due();
    return next_create_ns_ != 0 ? next_create_ns_ - now_ns() : mode::before_wait(some_idle);
  }

  void on_created(connection& of, std::int64_t at_ns) override {
    created_[of.now.task_id].answered_ns = at_ns;
    match(of.now.task_id);
  }

  void on_create_failed() override { die("createTask failed: " + load_.seen.first_error); }

  void on_claimed(const claim& one, std::int64_t at_ns) override {
    claimed_ns_[one.task_id] = at_ns;
    match(one.task_id);
    --in_flight_;
  }

  void forget() override {
    in_flight_ = 0;
    created_.clear();
    claimed_ns_.clear();
  }

 private:
  struct creation {
    std::int64_t asked_ns = 0;
    std::int64_t answered_ns = 0;
  };

  void create_when_due() {
    if (in_flight_ > 0 || load_.now.started >= load_.now.target)
      return;
    const auto now = now_ns();
    if (next_create_ns_ == 0)
      next_create_ns_ =
          now + static_cast<std::int64_t>(
                    (load_.given.gap_ms + load_.random.unit() * load_.given.jitter_ms) * 1e6);
    if (now < next_create_ns_)
      return;
    connection* const on = load_.take_idle(creator);
    if (on == nullptr)
      return;
    ++in_flight_;
    next_create_ns_ = 0;
    load_.start_create(*on);
    created_[on->now.task_id] = {on->now.began_ns, 0};
  }

  // The answer to the creator and the one to the poller come in any order.
  void match(const std::string& task_id) {
    const auto created = created_.find(task_id);
    const auto claimed = claimed_ns_.find(task_id);
    if (created == created_.end() || claimed == claimed_ns_.end() ||
        created->second.answered_ns == 0)
      return;
    const auto since = [at = claimed->second](std::int64_t ns) {
      return static_cast<float>(static_cast<double>(at - ns) / 1e3);
    };
    load_.seen.handoff_from_response_us.push_back(since(created->second.answered_ns));
    load_.seen.handoff_from_request_us.push_back(since(created->second.asked_ns));
    created_.erase(created);
    claimed_ns_.erase(claimed);
  }

  std::unordered_map<std::string, creation> created_;
  std::unordered_map<std::string, std::int64_t> claimed_ns_;
  std::int64_t next_create_ns_ = 0;  // 0: not decided yet
  long in_flight_ = 0;
};

}  // namespace

std::unique_ptr<mode> make_handoff_mode(load& of) { return std::make_unique<handoff_mode>(of); }

}  // namespace troupe_load
