#include "actors/queue_register/queue_register_rules.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using queue_entry = std::pair<const std::string, registered_queue>;

std::string_view provisioner_of(std::string_view queue) { return queue.substr(0, queue.find('/')); }

// Records live longer each time they are seen; that is looked at when the first time has come, and
// not for every sighting.
void expect_end(queue_register_state& state, queue_entry& queue, std::chrono::milliseconds delay) {
  if (queue.second.check_at.ms != 0)
    return;
  queue.second.check_at = queue.second.record.expires + delay;
  state.dues.insert({queue.second.check_at, &queue.first, nullptr});
}

void set_check(queue_register_state& state, const queue_entry& queue,
               std::pair<const worker_name, registered_worker>& worker, timestamp at) {
  auto& check_at = worker.second.check_at;
  if (check_at == at)
    return;
  if (check_at.ms != 0)
    state.dues.erase({check_at, &queue.first, &worker.first});
  if (at.ms != 0)
    state.dues.insert({at, &queue.first, &worker.first});
  check_at = at;
}

void raise_provisioner(queue_register_state& state, std::string_view queue,
                       const queue_record& record) {
  auto found = state.provisioners.find(provisioner_of(queue));
  if (found == state.provisioners.end())
    found = state.provisioners.emplace(provisioner_of(queue), provisioner_record{}).first;
  auto& provisioner = found->second;
  provisioner.expires = std::max(provisioner.expires, record.expires);
  provisioner.last_active = std::max(provisioner.last_active, record.last_active);
}

// A queue of it was forgotten: what is left decides.
void lower_provisioner(queue_register_state& state, std::string_view queue) {
  const std::string prefix = std::string{provisioner_of(queue)} + "/";
  const auto known = state.provisioners.find(provisioner_of(queue));
  if (known == state.provisioners.end())
    return;
  provisioner_record left;
  for (auto at = state.queues.lower_bound(prefix);
       at != state.queues.end() && at->first.starts_with(prefix); ++at) {
    left.expires = std::max(left.expires, at->second.record.expires);
    left.last_active = std::max(left.last_active, at->second.record.last_active);
  }
  if (left.expires.ms == 0)
    state.provisioners.erase(known);
  else
    known->second = left;
}

void drop_when_empty(queue_register_state& state, std::string_view queue) {
  const auto found = state.queues.find(queue);
  if (found == state.queues.end() || found->second.record.expires.ms != 0 ||
      !found->second.workers.empty())
    return;
  state.queues.erase(found);
}

}  // namespace

void sight(queue_record& record, timestamp at, timestamp expires,
           std::optional<std::string_view> description, std::optional<std::string_view> stability) {
  record.expires = std::max(record.expires, expires);
  record.last_active = std::max(record.last_active, at);
  if (description)
    record.description = *description;
  if (stability)
    record.stability = *stability;
}

void on_queue_seen(queue_register_state& state, const queue_seen& command,
                   std::chrono::milliseconds delay) {
  auto found = state.queues.find(command.queue.text);
  if (found == state.queues.end())
    found = state.queues.emplace(command.queue.text, registered_queue{}).first;
  auto& [id, queue] = *found;
  sight(queue.record, command.at, command.expires);
  expect_end(state, *found, delay);
  raise_provisioner(state, id, queue.record);
  if (!std::exchange(queue.unwritten, true))
    state.unwritten.push_back(id);
  if (command.worker.id.empty() || queue.workers.contains(command.worker))
    return;
  auto& worker = *queue.workers.emplace(command.worker, registered_worker{}).first;
  worker.second.due = command.expires;
  set_check(state, *found, worker, command.expires);
}

void on_record_read(queue_register_state& state, const task_queue_id& queue, queue_record record,
                    std::chrono::milliseconds delay) {
  if (record.expires.ms == 0)
    return;
  auto& entry = *state.queues.try_emplace(queue.text).first;
  entry.second.record = std::move(record);
  expect_end(state, entry, delay);
  raise_provisioner(state, entry.first, entry.second.record);
}

void on_worker_noted(queue_register_state& state, const worker_noted& command, timestamp now,
                     std::chrono::milliseconds delay) {
  if (command.due.ms == 0) {
    const auto found = state.queues.find(command.queue.text);
    if (found == state.queues.end())
      return;
    auto& workers = found->second.workers;
    if (const auto worker = workers.find(command.worker); worker != workers.end()) {
      set_check(state, *found, *worker, {});
      workers.erase(worker);
    }
    return drop_when_empty(state, command.queue.text);
  }
  auto& queue = *state.queues.try_emplace(command.queue.text).first;
  auto& worker = *queue.second.workers.try_emplace(command.worker).first;
  worker.second.due = command.due;
  worker.second.quarantine_until = command.quarantine_until;
  // It is asked once when it should expire, as it may have been seen meanwhile, and then when it
  // can be deleted.
  set_check(state, queue, worker, command.due > now ? command.due : command.due + delay);
}

register_decision on_register_timer(queue_register_state& state, timestamp now,
                                    std::chrono::milliseconds delay) {
  register_decision decision;
  while (!state.dues.empty() && state.dues.begin()->at <= now) {
    const auto due = *state.dues.begin();
    state.dues.erase(state.dues.begin());
    auto& queue = *state.queues.find(*due.queue);
    if (due.worker != nullptr) {
      queue.second.workers.find(*due.worker)->second.check_at = {};
      decision.checks.push_back({{{queue.first}}, *due.worker});
      continue;
    }
    queue.second.check_at = {};
    if (queue.second.record.expires + delay > now) {
      expect_end(state, queue, delay);
      continue;
    }
    decision.forgotten.push_back({{queue.first}});
    queue.second.record = {};
    const auto& id = decision.forgotten.back().text;
    lower_provisioner(state, id);
    drop_when_empty(state, id);
  }
  return decision;
}

std::optional<timestamp> next_register_timer(const queue_register_state& state) {
  return state.dues.empty() ? std::nullopt : std::optional{state.dues.begin()->at};
}

const queue_record* find_record(const queue_register_state& state, std::string_view queue,
                                timestamp now) {
  const auto found = state.queues.find(queue);
  return found == state.queues.end() || found->second.record.expires <= now ? nullptr
                                                                            : &found->second.record;
}

// -- pages ----------------------------------------------------------------------------------------

namespace {

std::vector<queue_row> find_provisioners(const queue_register_state& state,
                                         const find_queues& command, timestamp now) {
  std::vector<queue_row> rows;
  const auto& all = state.provisioners;
  auto at = command.after ? all.upper_bound(*command.after) : all.begin();
  if (command.only)
    at = all.lower_bound(*command.only);
  for (; at != all.end() && rows.size() <= command.limit; ++at) {
    if (command.only && at->first != *command.only)
      break;
    if (at->second.expires > now)
      rows.push_back({at->first, at->second.expires, at->second.last_active, "", "experimental"});
  }
  return rows;
}

}  // namespace

std::vector<queue_row> find_rows(const queue_register_state& state, const find_queues& command,
                                 timestamp now) {
  if (command.as == queue_view::provisioner)
    return find_provisioners(state, command, now);
  std::vector<queue_row> rows;
  const auto& all = state.queues;
  const auto prefix = command.only ? *command.only + "/" : std::string{};
  auto at = command.after ? all.upper_bound(*command.after) : all.lower_bound(prefix);
  for (; at != all.end() && rows.size() <= command.limit; ++at) {
    if (!at->first.starts_with(prefix))
      break;
    const auto& record = at->second.record;
    if (record.expires > now)
      rows.push_back(
          {at->first, record.expires, record.last_active, record.description, record.stability});
  }
  return rows;
}

queue_page merge_rows(std::vector<std::vector<queue_row>> parts, std::uint32_t limit) {
  std::vector<queue_row> all;
  for (auto& part : parts)
    std::move(part.begin(), part.end(), std::back_inserter(all));
  std::stable_sort(all.begin(), all.end(),
                   [](const queue_row& a, const queue_row& b) { return a.key < b.key; });
  queue_page page;
  for (auto& row : all) {
    // Lanes that have queues of the same provisioner.
    if (!page.rows.empty() && page.rows.back().key == row.key) {
      auto& known = page.rows.back();
      known.expires = std::max(known.expires, row.expires);
      known.last_active = std::max(known.last_active, row.last_active);
      continue;
    }
    if (page.rows.size() == limit) {
      page.next = page.rows.back().key;
      break;
    }
    page.rows.push_back(std::move(row));
  }
  return page;
}

namespace {

// One whose time is over and that has not said so yet may have been seen meanwhile.
bool is_over(const registered_worker& worker) { return worker.check_at > worker.due; }

}  // namespace

worker_choice choose_workers(const queue_register_state& state, std::string_view queue,
                             const std::optional<worker_name>& after,
                             std::optional<bool> quarantined, std::uint32_t limit, timestamp now) {
  worker_choice choice;
  const auto found = state.queues.find(queue);
  if (found == state.queues.end())
    return choice;
  const auto& all = found->second.workers;
  for (auto at = after ? all.upper_bound(*after) : all.begin(); at != all.end(); ++at) {
    const auto& [name, worker] = *at;
    if (is_over(worker) || (quarantined && *quarantined != (worker.quarantine_until >= now)))
      continue;
    choice.more = choice.names.size() == limit;
    if (choice.more)
      break;
    choice.names.push_back(name);
  }
  return choice;
}

// -- how busy the queues are ----------------------------------------------------------------------

namespace {

counted_workers count_each(const std::string& id, const registered_queue& queue, timestamp now) {
  counted_workers row{{{id}}, 0, 0};
  for (const auto& [name, worker] : queue.workers) {
    if (is_over(worker))
      continue;
    ++row.all;
    if (worker.quarantine_until > now)
      ++row.quarantined;
  }
  return row;
}

}  // namespace

counted_workers count_workers_of(const queue_register_state& state, const task_queue_id& queue,
                                 timestamp now) {
  const auto found = state.queues.find(queue.text);
  return found == state.queues.end() ? counted_workers{queue, 0, 0}
                                     : count_each(queue.text, found->second, now);
}

std::vector<counted_workers> count_workers(const queue_register_state& state, timestamp now) {
  std::vector<counted_workers> counts;
  for (const auto& [id, queue] : state.queues) {
    auto row = count_each(id, queue, now);
    if (row.all > 0 || queue.record.expires > now)
      counts.push_back(std::move(row));
  }
  return counts;
}

}  // namespace troupe
