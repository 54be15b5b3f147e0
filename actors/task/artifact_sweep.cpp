#include "actors/task/artifact_sweep.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace troupe {

namespace {

using namespace std::chrono_literals;

sweep_step next_step(const artifact_sweep& sweep) {
  if (!sweep.idle())
    return sweep_step::wait;
  return sweep.full ? sweep_step::read_batch : sweep_step::finish;
}

}  // namespace

bool may_begin(artifact_sweep& sweep) {
  return sweep.idle() || (!sweep.reading && std::exchange(sweep.stalled, true));
}

void begin_sweep(artifact_sweep& sweep, timestamp now, std::chrono::milliseconds delay) {
  const auto number = sweep.number + 1;
  sweep = {};
  sweep.number = number;
  sweep.due = now - delay;
  sweep.reading = true;
}

sweep_step take_batch(artifact_sweep& sweep, std::size_t found, std::size_t told,
                      std::size_t batch) {
  sweep.reading = false;
  sweep.stalled = false;
  sweep.full = found == batch;
  sweep.open = told;
  return next_step(sweep);
}

sweep_step take_expired(artifact_sweep& sweep, const artifact_expired& answer) {
  if (answer.sweep != sweep.number || sweep.open == 0)
    return sweep_step::wait;
  --sweep.open;
  sweep.stalled = false;
  if (answer.result == expiry_result::removed)
    ++sweep.removed;
  else if (answer.result == expiry_result::failed)
    ++sweep.failed;
  const auto step = next_step(sweep);
  sweep.reading = step == sweep_step::read_batch;
  return step;
}

std::chrono::milliseconds sweep_interval(std::chrono::milliseconds delay) {
  return std::clamp<std::chrono::milliseconds>(delay, 1s, 60s);
}

std::optional<expire_artifact> read_artifact_key(std::string_view key) {
  const auto first = key.find('/');
  const auto second = first == std::string_view::npos ? first : key.find('/', first + 1);
  if (second == std::string_view::npos || second + 1 == key.size())
    return std::nullopt;
  const auto task = task_id::parse(key.substr(0, first));
  const auto number = key.substr(first + 1, second - first - 1);
  expire_artifact result;
  const auto [end, failed] =
      std::from_chars(number.data(), number.data() + number.size(), result.run);
  if (!task || failed != std::errc{} || end != number.data() + number.size())
    return std::nullopt;
  result.task = *task;
  result.name = key.substr(second + 1);
  return result;
}

}  // namespace troupe
