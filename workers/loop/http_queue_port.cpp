#include "workers/loop/http_queue_port.hpp"

#include "runtime/queue_client/queue_client.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/worker.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto longest_claim = 60s;  // the server answers after 20 s
constexpr auto longest_reclaim = 10s;
constexpr auto longest_report = 30s;

class http_queue_port final : public queue_port {
 public:
  explicit http_queue_port(const worker_options& worker)
      : worker_(worker), claims_(worker.root_url, &given_up_, giving_up::politely) {}

  call_result claim_work(unsigned count) override {
    if (given_up_)
      return {};
    const auto call = claim_work_call(worker_, count);
    return claims_.call(worker_.by, "POST", call.target, call.body, "application/json",
                        longest_claim);
  }

  // The server claims nothing for a connection of which one side has ended, and what it has claimed
  // before that still arrives.
  void give_up() override {
    given_up_ = true;
    claims_.wake();
  }

  call_result reclaim(const run_address& run, const credentials& by) override {
    return post(by, reclaim_call(run), longest_reclaim);
  }

  call_result report(const run_address& run, const credentials& by, run_report report) override {
    return post(by, report_call(run, report), longest_report);
  }

  void watch_run(const run_address&, std::function<void(stop_reason)>) override {}
  void unwatch_run(const run_address&) override {}

 private:
  call_result post(const credentials& by, const queue_call& call,
                   std::chrono::milliseconds timeout) {
    auto client = take_client();
    auto result = client->call(by, "POST", call.target, call.body, "application/json", timeout);
    const std::lock_guard lock{guard_};
    idle_.push_back(std::move(client));
    return result;
  }

  // A client serves one call at a time, and keeps its connection for the next.
  std::unique_ptr<queue_client> take_client() {
    const std::lock_guard lock{guard_};
    if (idle_.empty())
      return std::make_unique<queue_client>(worker_.root_url);
    auto client = std::move(idle_.back());
    idle_.pop_back();
    return client;
  }

  const worker_options& worker_;
  std::atomic<bool> given_up_{false};
  queue_client claims_;
  std::mutex guard_;
  std::vector<std::unique_ptr<queue_client>> idle_;  // guarded
};

}  // namespace

std::unique_ptr<queue_port> make_http_queue_port(const worker_options& worker) {
  return std::make_unique<http_queue_port>(worker);
}

}  // namespace troupe
