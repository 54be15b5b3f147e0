#include "workers/loop/held_claim.hpp"

#include "messages/json_members.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "workers/loop/run_interrupt.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <stdexcept>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto pause_when_away = 1s;
constexpr auto shortest_pause = 200ms;  // also for a claim that has all but ended
// The server may have kept the claim longer than we know; then it is retried there.
constexpr auto patience_after_claim = 5min;

timestamp now() { return system_clock{}.now(); }

credentials read_credentials(const json::object& from) {
  return {text_of(from, "clientId"), text_of(from, "accessToken"), text_of(from, "certificate")};
}

run_address read_address(const json::object& claim) {
  const auto id = task_id::parse(text_of(claim.at("status").as_object(), "taskId"));
  if (!id)
    throw std::runtime_error{"the claim has no taskId"};
  return {*id, static_cast<run_id>(claim.at("runId").as_int64())};
}

double random_share() {
  constexpr double all = 18446744073709551616.0;  // 2^64
  return static_cast<double>(thread_random().next()) / all;
}

}  // namespace

timestamp next_reclaim(timestamp from, timestamp taken_until, double early) {
  constexpr double most_early = 0.05;
  const auto lease = taken_until - from;
  const auto margin = std::max<std::chrono::milliseconds>(lease / 10, 60s);
  const auto due = lease > 2 * margin ? taken_until - margin : from + lease / 2;
  const std::chrono::milliseconds forward{
      static_cast<std::int64_t>(static_cast<double>((due - from).count()) * early * most_early)};
  return std::max(due - forward, from + shortest_pause);
}

held_claim::held_claim(queue_port& port, const json::object& claim, run_interrupt& interrupt)
    : port_(port),
      interrupt_(interrupt),
      run_(read_address(claim)),
      by_(read_credentials(claim.at("credentials").as_object())),
      taken_until_(parse_date_time(text_of(claim, "takenUntil")).value_or(now() + 20min)),
      due_(next_reclaim(now(), taken_until_, random_share())) {
  port_.watch_run(run_, [&interrupt](stop_reason why) { interrupt.lose(why.resolved); });
  thread_ = std::thread{[this] { keep(); }};
}

held_claim::~held_claim() { release(); }

credentials held_claim::by() const {
  const std::lock_guard lock{guard_};
  return by_;
}

timestamp held_claim::taken_until() const {
  const std::lock_guard lock{guard_};
  return taken_until_;
}

void held_claim::on_renewal(std::function<void(const credentials&)> told) {
  const std::lock_guard lock{guard_};
  told_ = std::move(told);
}

void held_claim::release() {
  {
    const std::lock_guard lock{guard_};
    released_ = true;
    changed_.notify_all();
  }
  if (!thread_.joinable())
    return;
  thread_.join();
  port_.unwatch_run(run_);
}

void held_claim::keep() {
  for (;;) {
    {
      std::unique_lock lock{guard_};
      // By the wall clock, so that a machine that slept is not late.
      const std::chrono::system_clock::time_point due{std::chrono::milliseconds{due_.ms}};
      changed_.wait_until(lock, due, [this] { return released_; });
      if (released_)
        return;
    }
    if (!renew())
      return;
  }
}

// Whether the claim is still held.
bool held_claim::renew() {
  const auto result = port_.reclaim(run_, by());
  if (result.passing()) {
    due_ = now() + pause_when_away;
    if (now() <= taken_until() + patience_after_claim)
      return true;
    interrupt_.lose("it could not be renewed in time");
    return false;
  }
  const auto answer = result.json();
  const auto* given = answer.is_object() ? answer.get_object().if_contains("credentials") : nullptr;
  if (!result.good() || given == nullptr || !given->is_object()) {
    interrupt_.lose("it was canceled, or resolved otherwise");
    return false;
  }
  const std::lock_guard lock{guard_};
  by_ = read_credentials(given->get_object());
  taken_until_ = parse_date_time(text_of(answer.get_object(), "takenUntil")).value_or(taken_until_);
  due_ = next_reclaim(now(), taken_until_, random_share());
  if (told_)
    told_(by_);
  return true;
}

}  // namespace troupe
