#include "gateways/websocket/shell_desk.hpp"

#include "gateways/websocket/shell_end.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t most_readers = 32;
constexpr std::size_t longest_list = 16 * 1024;

}  // namespace

void shell_desk::offer(const std::shared_ptr<shell_end>& worker) {
  const std::lock_guard lock{guard_};
  if (ended_)
    return worker->end(shell_ending::server_ends);
  const auto& about = worker->about();
  auto& of = hosts_[about.secret];
  if (of.workers.empty()) {
    of.task = about.task;
    of.run = about.run;
  }
  // Who knows a secret that another run has chosen was told it as a reader.
  if (of.task != about.task || of.run != about.run)
    return worker->end(shell_ending::taken);
  of.workers.insert(worker);
  of.offers.push_back(worker);
  match(of);
}

void shell_desk::ask(const std::shared_ptr<shell_end>& reader) {
  const std::lock_guard lock{guard_};
  const auto found = hosts_.find(reader->about().secret);
  if (found == hosts_.end())
    return reader->refuse(make_api_error(
        error_code::authentication_failed,
        "there is no shell at this address: the task has ended, or the secret is wrong"));
  auto& of = found->second;
  if (of.readers.size() >= most_readers)
    return reader->refuse(make_api_error(error_code::too_many_requests,
                                         "the task has too many shells already; close one"));
  reader->accept();
  of.readers.insert(reader);
  of.waiting.push_back(reader);
  match(of);
}

// Whoever is joined meanwhile does not matter: what the last one says counts.
void shell_desk::tell(const std::shared_ptr<shell_end>& worker, const std::string& displays) {
  const std::lock_guard lock{guard_};
  const auto found = hosts_.find(worker->about().secret);
  if (found == hosts_.end() || !found->second.workers.contains(worker) ||
      displays.size() > longest_list)
    return;
  auto& list = found->second.displays;
  list.clear();
  for (std::size_t at = 0; at < displays.size();) {
    const auto end = std::min(displays.find('\n', at), displays.size());
    if (end > at)
      list.push_back(displays.substr(at, end - at));
    at = end + 1;
  }
}

std::optional<std::vector<std::string>> shell_desk::displays(const std::string& secret) {
  const std::lock_guard lock{guard_};
  const auto found = hosts_.find(secret);
  if (found == hosts_.end())
    return {};
  return found->second.displays;
}

void shell_desk::leave(const std::shared_ptr<shell_end>& gone) {
  const std::lock_guard lock{guard_};
  const auto found = hosts_.find(gone->about().secret);
  if (found == hosts_.end())
    return;
  auto& of = found->second;
  for (auto* queue : {&of.offers, &of.waiting})
    queue->erase(std::remove(queue->begin(), queue->end(), gone), queue->end());
  of.readers.erase(gone);
  if (of.workers.erase(gone) == 0 || !of.workers.empty())
    return;
  for (const auto& reader : of.waiting)
    reader->end(shell_ending::worker_gone);
  hosts_.erase(found);
}

void shell_desk::drain() {
  const std::lock_guard lock{guard_};
  ended_ = true;
  for (const auto& [secret, of] : std::exchange(hosts_, {}))
    for (const auto* ends : {&of.readers, &of.workers})
      for (const auto& one : *ends)
        one->end(shell_ending::server_ends);
}

void shell_desk::match(host& of) {
  while (!of.offers.empty() && !of.waiting.empty()) {
    join(of.offers.front(), of.waiting.front());
    of.offers.pop_front();
    of.waiting.pop_front();
  }
}

}  // namespace troupe
