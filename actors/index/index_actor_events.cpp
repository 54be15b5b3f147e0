// How completed tasks come into the index.

#include "actors/index/index_actor.hpp"
#include "actors/index/index_keys.hpp"
#include "actors/index/index_listener.hpp"
#include "messages/task_commands.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"
#include "runtime/store/event_entry.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <hiredis/hiredis.h>

#include <stdexcept>

namespace troupe {

namespace {

constexpr std::uint64_t entries_per_page = 250;
constexpr std::chrono::seconds pause_before_asking_again{1};

}  // namespace

// -- what the log has -----------------------------------------------------------------------------

void index_shell::catch_up(catch_up_index&) {
  for (std::uint16_t stream = 0; stream < stream_count; ++stream)
    read_log(stream);
}

void index_shell::read_log(std::uint16_t stream) {
  const auto& of = intake_.streams[stream];
  // Up to there it was read before, or dealt with.
  const auto& behind = of.read.n > of.handled.n ? of.read : of.handled;
  resp_writer query;
  query.command("XRANGE", event_stream_key(stream),
                behind.n == 0 ? std::string{"-"} : "(" + place_text(behind), "+", "COUNT",
                entries_per_page);
  auto self = caf::actor_cast<index_actor>(this);
  stage_.store().query(query, [this, self, stream](std::vector<redis_reply>& replies) {
    if (guard_.failed())
      return;  // its successor reads it
    guard_.attempt([&] {
      if (replies.front()->type != REDIS_REPLY_ARRAY)
        throw std::runtime_error("the event log of stream " + std::string{stream_name(stream)} +
                                 " cannot be read: " + std::string{replies.front().text()});
      take_log(stream, replies.front());
    });
  });
}

void index_shell::take_log(std::uint16_t stream, const redis_reply& entries) {
  auto& of = intake_.streams[stream];
  std::vector<std::string> cc;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto what = read_event_entry(*entries.at(i), stream, cc);
    if (!what)
      continue;
    of.read = {stream, what->id.ms, what->id.n};
    if (const auto completed = completion_of(*what); completed && take_read(intake_, *completed))
      ask_definition(completed->at, completed->task);
  }
  of.more = entries.size() == entries_per_page;
  if (!of.more)
    end_log(stream);
  else if (of.pending.empty())
    read_log(stream);
}

void index_shell::end_log(std::uint16_t stream) {
  take_told(intake_, intake_.streams[stream].read);
  for (const auto& event : end_catching_up(intake_, stream))
    ask_definition(event.at, event.task);
  write_place(stream);
}

// -- what the log is told -------------------------------------------------------------------------

void index_shell::take(index_completed& event) {
  if (take_completion(intake_, event))
    ask_definition(event.at, event.task);
}

void index_shell::told(index_told& command) {
  for (const auto& newest : command.newest) {
    take_told(intake_, newest);
    write_place(newest.stream);
  }
}

void index_shell::write_place(std::uint16_t stream) {
  const auto place = place_to_write(intake_, stream);
  if (!place)
    return;
  commit([&](resp_writer& to) {
    to.command("HSET", index_places_key, stream_name(stream), place_text(*place));
  });
}

// -- definitions ----------------------------------------------------------------------------------

void index_shell::ask_definition(const log_place& at, const task_id& task) {
  auto& sink = asked_.emplace_front();
  sink.self = asked_.begin();
  sink.of = this;
  sink.at = at;
  sink.handle = stage_.on.open_reply(sink);
  stage_.board.tell(stage_.on, get_task{task, sink.handle});
}

// Whoever answers may be in the middle of something, so the answer is only passed on.
void index_shell::definition_sink::complete(answer&& result) {
  index_definition command;
  command.at = at;
  if (result.error) {
    command.error = result.error->message;
    command.lost = result.error->code == error_code::resource_not_found;
  } else {
    command.definition = std::move(result.body);
  }
  auto& shell = *of;
  shell.stage_.on.executor().post(caf::actor_cast<index_actor>(&shell), std::move(command));
  shell.asked_.erase(self);  // this
}

void index_shell::take_definition(index_definition& command) {
  auto& pending = intake_.streams[command.at.stream].pending;
  const auto found = std::find_if(pending.begin(), pending.end(),
                                  [&](const auto& one) { return one.event.at.n == command.at.n; });
  if (found == pending.end())
    return;
  const auto& event = found->event;
  if (!command.error.empty() && !command.lost) {
    // A task that failed is coming back.
    auto self = caf::actor_cast<index_actor>(this);
    return stage_.on.supervisor().after(pause_before_asking_again,
                                        [this, self, at = event.at, task = event.task] {
                                          if (!guard_.failed())
                                            guard_.attempt([&] { ask_definition(at, task); });
                                        });
  }
  routed_entries outcome;
  std::string wrong = command.error;
  if (wrong.empty()) {
    auto entry = entry_of_definition(event.task, command.definition);
    if (auto* good = std::get_if<index_entry>(&entry)) {
      outcome.entry = std::move(*good);
      outcome.paths = event.paths;
    } else {
      wrong = "its extra.index cannot be used: " + std::get<wrong_options>(entry).why;
    }
  }
  if (!wrong.empty())
    for (const auto& path : event.paths)
      log_message(severity::warning, "task " + event.task.str() +
                                         " does not get into the index at " + path + ": " + wrong);
  const auto stream = command.at.stream;
  settle(intake_, command.at, std::move(outcome));
  carry_out(stream);
}

// Each with the place in the log that it comes from, in one commit.
void index_shell::carry_out(std::uint16_t stream) {
  auto& of = intake_.streams[stream];
  while (const auto settled = next_settled(intake_, stream)) {
    const auto now = stage_.on.now();
    commit([&](resp_writer& to) {
      for (const auto& path : settled->paths) {
        const auto what = decide_insert(state_, path, *settled->entry, now);
        if (!what.stored)
          continue;
        write_entry(to, path, what);
        apply_insert(state_, path, what);
      }
      if (const auto place = place_to_write(intake_, stream))
        to.command("HSET", index_places_key, static_cast<int>(stream), place_text(*place));
    });
  }
  if (of.catching_up && of.more && of.pending.empty()) {
    of.more = false;
    read_log(stream);
  }
}

}  // namespace troupe
