// Pages of what waits and of what is claimed.

#include "actors/task_queue/run_listing.hpp"
#include "actors/task_queue/task_queue_actor.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <algorithm>

namespace troupe {

namespace {

// Definitions may be large: they are read few at a time, and a page that has become large ends
// early.
constexpr std::size_t rows_per_query = 32;
constexpr std::size_t large_page = std::size_t{16} << 20;

}  // namespace

struct task_queue_shell::page_reading {
  run_page page;
  reply_handle reply;
  std::string body = "{\"tasks\":[";
  std::size_t next = 0;  // of the runs whose definitions were not asked for yet
};

// Does what comes later, outside of a handler. A page that cannot be made is no reason to put the
// queue together again.
template <class Job>
void task_queue_shell::go_on(page_reading& reading, Job job) {
  try {
    job();
  } catch (...) {
    const auto why = describe_exception(std::current_exception());
    stage_.on.deliver(reading.reply, answer{failed_actor("listing of a task queue", why)});
  }
}

void task_queue_shell::list_pending(list_pending_tasks& command) {
  read_page(pending_page(state_, command.after, command.limit, stage_.on.now()), command.reply);
}

void task_queue_shell::list_claimed(list_claimed_tasks& command) {
  read_page(claimed_page(state_, command.after, command.limit), command.reply);
}

// Tasks of this lane may have told of themselves before they are safe.
void task_queue_shell::read_page(run_page page, const reply_handle& reply) {
  auto reading = std::make_shared<page_reading>();
  reading->page = std::move(page);
  reading->reply = reply;
  auto self = caf::actor_cast<task_queue_actor>(this);
  auto& store = stage_.store();
  store.when_safe(store.last(),
                  [this, self, reading] { go_on(*reading, [&] { read_definitions(reading); }); });
}

void task_queue_shell::read_definitions(const std::shared_ptr<page_reading>& reading) {
  const auto& runs = reading->page.runs;
  const auto first = reading->next;
  const auto end = std::min(runs.size(), first + rows_per_query);
  if (first == end || reading->body.size() > large_page)
    return answer_page(*reading);
  resp_writer query;
  for (auto i = first; i < end; ++i) {
    const auto id = runs[i].task.view();
    query.command("HGET", resp_writer::joined{shard_key_prefix(shard_of(id)), "task:", id}, "def");
  }
  reading->next = end;
  auto self = caf::actor_cast<task_queue_actor>(this);
  stage_.store().query(query, [this, self, reading, first](std::vector<redis_reply>& replies) {
    go_on(*reading, [&] {
      take_definitions(*reading, first, replies);
      read_definitions(reading);
    });
  });
}

void task_queue_shell::take_definitions(page_reading& reading, std::size_t first,
                                        const std::vector<redis_reply>& replies) {
  auto& body = reading.body;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const auto definition = replies[i].text();
    if (definition.empty() || replies[i].is_error())
      continue;  // the task is gone meanwhile
    if (body.back() != '[')
      body += ',';
    append_listed_run(body, reading.page.runs[first + i], definition);
  }
}

void task_queue_shell::answer_page(page_reading& reading) {
  const auto& page = reading.page;
  answer result{std::move(reading.body) + "]}"};
  // The gateway makes the page's end into a token of its own.
  if (page.more || reading.next < page.runs.size())
    result.headers.emplace_back("next-position", page.runs[reading.next - 1].position);
  stage_.on.deliver(reading.reply, std::move(result));
}

}  // namespace troupe
