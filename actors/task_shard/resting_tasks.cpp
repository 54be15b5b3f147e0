#include "actors/task_shard/resting_tasks.hpp"

namespace troupe {

void resting_tasks::add(const task_id& id, timestamp due, bool alone) {
  if (rests_.emplace(id, rest{due, alone}).second)
    by_due_.insert({due, id});
}

bool resting_tasks::remove(const task_id& id) {
  const auto found = rests_.find(id);
  if (found == rests_.end())
    return false;
  by_due_.erase({found->second.due, id});
  rests_.erase(found);
  return true;
}

bool resting_tasks::is_alone(const task_id& id) const {
  const auto found = rests_.find(id);
  return found != rests_.end() && found->second.alone;
}

std::optional<timestamp> resting_tasks::first_due() const {
  if (by_due_.empty())
    return std::nullopt;
  return by_due_.front().first;
}

std::vector<task_id> resting_tasks::take_due(timestamp now, std::size_t limit) {
  std::vector<task_id> due;
  while (due.size() < limit && !by_due_.empty() && by_due_.front().first <= now) {
    due.push_back(by_due_.front().second);
    by_due_.pop_front();
  }
  return due;
}

std::vector<task_id> resting_tasks::ids() const {
  std::vector<task_id> all;
  all.reserve(rests_.size());
  for (const auto& [id, _] : rests_)
    all.push_back(id);
  return all;
}

void resting_tasks::clear() {
  rests_.clear();
  by_due_ = {};
}

}  // namespace troupe
