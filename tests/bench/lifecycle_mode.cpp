#include "tests/bench/mode.hpp"

#include <algorithm>

namespace troupe_load {

namespace {

/// Creates, claims and completes tasks, each connection whatever is next.
class lifecycle_mode final : public mode {
 public:
  using mode::mode;

  bool dispatch(connection& on) override {
    if (load_.start_complete(on))
      return true;
    const auto& now = load_.now;
    const long available = now.created - now.claimed - asked_;
    const bool creates_done = now.created + now.create_failed >= now.target;
    if (available >= load_.given.batch || (creates_done && available > 0)) {
      const auto tasks = static_cast<int>(std::min<long>(load_.given.batch, available));
      asked_ += tasks;
      load_.start_claim(on, tasks);
      return true;
    }
    if (now.started >= now.target)
      return false;
    load_.start_create(on);
    return true;
  }

  bool done() const override {
    return load_.now.finished + load_.now.create_failed >= load_.now.target;
  }

  void on_claim_answered(int asked) override { asked_ -= asked; }

  void forget() override { asked_ = 0; }

 private:
  long asked_ = 0;  // by calls that are not answered yet
};

}  // namespace

std::unique_ptr<mode> make_lifecycle_mode(load& of) { return std::make_unique<lifecycle_mode>(of); }

}  // namespace troupe_load
