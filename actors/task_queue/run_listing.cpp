#include "actors/task_queue/run_listing.hpp"

#include "messages/json_text.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace troupe {

namespace {

// `<number>/<taskId>/<runId>`: both orders are by a time first.
struct place {
  std::uint64_t time = 0;
  task_id task;
  run_id run = 0;
};

std::string position_of(std::uint64_t time, const task_id& task, run_id run) {
  std::string text;
  append_number(text, time);
  text += '/';
  text += task.view();
  text += '/';
  append_number(text, run);
  return text;
}

std::optional<place> read_position(std::string_view text) {
  place result;
  const auto* const end = text.data() + text.size();
  const auto time = std::from_chars(text.data(), end, result.time);
  const auto slash = text.find('/');
  const auto last = text.rfind('/');
  if (time.ec != std::errc{} || slash == std::string_view::npos || last == slash)
    return std::nullopt;
  const auto task = task_id::parse(text.substr(slash + 1, last - slash - 1));
  if (!task || std::from_chars(text.data() + last + 1, end, result.run).ec != std::errc{})
    return std::nullopt;
  result.task = *task;
  return result;
}

// The runs of one priority, from a place on.
struct stretch {
  chunked_set<pending_run>::const_iterator at;
  chunked_set<pending_run>::const_iterator end;
};

constexpr std::array priorities{
    task_priority::lowest, task_priority::very_low,  task_priority::low,     task_priority::medium,
    task_priority::high,   task_priority::very_high, task_priority::highest,
};

std::array<stretch, priorities.size()> stretches_of(const chunked_set<pending_run>& pending,
                                                    const std::optional<place>& after) {
  std::array<stretch, priorities.size()> result;
  for (std::size_t i = 0; i < priorities.size(); ++i) {
    const auto priority = priorities[i];
    result[i].at = after ? pending.upper_bound({after->time, {}, after->task, priority, after->run})
                         : pending.lower_bound({0, {}, {}, priority, 0});
    result[i].end = pending.upper_bound({UINT64_MAX, {}, {}, priority, 0});
  }
  return result;
}

}  // namespace

run_page pending_page(const task_queue_state& state, std::string_view after, std::uint32_t limit,
                      timestamp now) {
  run_page page;
  auto stretches = stretches_of(state.pending, read_position(after));
  for (;;) {
    stretch* oldest = nullptr;
    for (auto& one : stretches) {
      if (one.at == one.end)
        continue;
      const auto age = [](const stretch& s) {
        return std::tie(s.at->enqueued_us, s.at->task, s.at->run);
      };
      if (oldest == nullptr || age(one) < age(*oldest))
        oldest = &one;
    }
    if (oldest == nullptr)
      return page;
    const auto& run = *oldest->at++;
    if (run.deadline <= now)
      continue;
    page.more = page.runs.size() == limit;
    if (page.more)
      return page;
    page.runs.push_back({run.task,
                         run.run,
                         {static_cast<std::int64_t>(run.enqueued_us / 1000)},
                         {},
                         position_of(run.enqueued_us, run.task, run.run)});
  }
}

run_page claimed_page(const task_queue_state& state, std::string_view after, std::uint32_t limit) {
  run_page page;
  const auto& all = state.claims_by_age;
  const auto from = read_position(after);
  auto at =
      from ? all.upper_bound({{static_cast<std::int64_t>(from->time)}, from->task}) : all.begin();
  for (; at != all.end(); ++at) {
    page.more = page.runs.size() == limit;
    if (page.more)
      break;
    const auto& [claimed, task] = *at;
    const auto& claim = state.claimed.find(task)->second;
    page.runs.push_back({task, claim.run, claimed, claim.worker,
                         position_of(static_cast<std::uint64_t>(claimed.ms), task, claim.run)});
  }
  return page;
}

void append_listed_run(std::string& out, const listed_run& run, std::string_view definition) {
  out += "{\"taskId\":\"";
  out += run.task.view();
  out += "\",\"runId\":";
  append_number(out, run.run);
  if (run.worker.id.empty()) {
    out += ",\"inserted\":\"";
  } else {
    out += ",\"workerGroup\":";
    append_json_string(out, run.worker.group);
    out += ",\"workerId\":";
    append_json_string(out, run.worker.id);
    out += ",\"claimed\":\"";
  }
  append_iso(out, run.at);
  out += "\",\"task\":";
  out += definition;
  out += '}';
}

}  // namespace troupe
