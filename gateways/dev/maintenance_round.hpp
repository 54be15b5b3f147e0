#pragma once

#include "gateways/dev/maintenance_jobs.hpp"
#include "messages/answer.hpp"
#include "messages/reply_handle.hpp"
#include "runtime/lane/timer_wheel.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

namespace troupe {

class lane;
class switchboard;

/// One run of a maintenance job: asks everybody who may have something that expired, step after
/// step, until all have answered. Used on one lane; owns itself until it is over.
class maintenance_round final : public timer_target,
                                public std::enable_shared_from_this<maintenance_round> {
 public:
  using teller = std::function<void(outcome<std::uint64_t> removed)>;

  maintenance_round(lane& on, switchboard& board, const maintenance_job& job, timestamp as_of,
                    teller done);

  void begin();
  void on_timer() override;

 private:
  struct question final : answer_sink {
    explicit question(maintenance_round& asker) : of(asker) {}
    void complete(answer&& result) override { of.take(*this, std::move(result)); }
    maintenance_round& of;
    reply_handle handle;
  };

  void next_step();
  void ask_shards(expiry_of what);
  void ask_workers(const boost::json::value& told);
  template <class Command>
  void ask(Command command);
  void take(question& asked, answer&& result);
  void settle();
  void finish(outcome<std::uint64_t> result);

  lane& lane_;
  switchboard& board_;
  const maintenance_job& job_;
  const timestamp as_of_;
  teller done_;
  std::size_t step_ = 0;
  std::deque<question> questions_;
  std::size_t missing_ = 0;
  std::uint64_t removed_ = 0;
  timer_id timer_ = 0;
  std::shared_ptr<maintenance_round> self_;
};

}  // namespace troupe
