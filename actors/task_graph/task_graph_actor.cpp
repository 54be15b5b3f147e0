#include "actors/task_graph/task_graph_actor.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/supervision/lane_supervisor.hpp"

#include <charconv>

namespace troupe {

namespace {

// So many members are asked before others of the lane have their turn, and before what they wrote
// is safe: a batch of the store is about as large.
constexpr std::size_t members_per_slice = 64;

resp_writer::joined graph_key(const task_graph_id& id) {
  return {shard_key_prefix(shard_of(id.view())), "graph:", id.view()};
}

}  // namespace

void write_graph_done(resp_writer& commands, const task_graph_id& id) {
  const auto prefix = shard_key_prefix(shard_of(id.view()));
  commands.command("HSET", graph_key(id), "state", graph_done);
  commands.command("HDEL", graph_key(id), "tasks");
  commands.command("SREM", resp_writer::joined{prefix, "graph-work", {}}, id.view());
}

void write_graph_gone(resp_writer& commands, const task_graph_id& id) {
  const auto prefix = shard_key_prefix(shard_of(id.view()));
  commands.command("DEL", graph_key(id));
  commands.command("SREM", resp_writer::joined{prefix, "graph-work", {}}, id.view());
  commands.command("ZREM", resp_writer::joined{prefix, "graph-expiry", {}}, id.view());
}

task_graph_shell::task_graph_shell(caf::actor_config& config, const stage& where,
                                   const task_graph_id& id)
    : task_graph_actor::base(config), stage_(where) {
  state_.id = id;
}

// -- failure --------------------------------------------------------------------------------------

template <class Command>
auto task_graph_shell::receive(void (task_graph_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    ++received_;
    if (!failed_)
      return attempt([&] {
        (this->*handle)(command);
        rest_when_idle();
      });
    // Its directory has another one by now, which asks all members again.
    if constexpr (answerable<Command>)
      stage_.board.tell(stage_.on, std::move(command));
  };
}

template <class Job>
void task_graph_shell::attempt(Job job) {
  if (failed_)
    return;
  try {
    job();
  } catch (...) {
    report_failure();
  }
}

task_graph_shell::behavior_type task_graph_shell::make_behavior() {
  return {
      receive(&task_graph_shell::create),
      receive(&task_graph_shell::advanced),
      [this](leave_graph&) { quit(); },
  };
}

// Within a handler of an exception.
std::string task_graph_shell::report_failure() {
  auto why = describe_exception(std::current_exception());
  stage_.store().abandon_commit();
  if (!std::exchange(failed_, true)) {
    give_up(why);
    stage_.board.tell(stage_.on, graph_failed{state_.id, why});
  }
  return why;
}

// Who waits hears of it. What was recorded is finished or removed by whoever comes after; what was
// not is let go here, as nobody else knows of it.
void task_graph_shell::give_up(const std::string& why) {
  const api_error error = failed_actor("task graph " + state_.id.str(), why);
  answer_all(answer{error});
  for (const auto& command : std::exchange(waiting_, {}))
    if (command.reply)
      stage_.on.deliver(command.reply, answer{error});
  if (state_.recorded || state_.phase == graph_phase::idle)
    return;
  for (const auto& member : std::exchange(state_.members, {}))
    if (member.held || member.asked)
      stage_.board.tell(stage_.on, advance_member{member.task, state_.id, graph_step::drop});
}

void task_graph_shell::on_exit() {
  if (!std::exchange(failed_, true))
    give_up("its directory failed");
  state_ = {};
}

void task_graph_shell::rest_when_idle() {
  if (state_.phase == graph_phase::idle && !reading_ && waiting_.empty())
    stage_.board.tell(stage_.on, leave_graph{state_.id, received_});
}

// -- who asks for what ----------------------------------------------------------------------------

void task_graph_shell::create(create_graph& command) {
  const bool under_way = state_.phase != graph_phase::idle;
  if (under_way && command.members != nullptr && !state_.content.empty()) {
    if (command.content == state_.content)
      replies_.push_back(command.reply);
    else
      stage_.on.deliver(command.reply, answer{other_content(command.key)});
    return;
  }
  waiting_.push_back(std::move(command));
  if (!under_way && !reading_)
    read_record();
}

void task_graph_shell::read_record() {
  reading_ = true;
  resp_writer query;
  query.command("HMGET", graph_key(state_.id), "state", "content", "answer", "expires", "tasks",
                "key", "decided");
  auto self = caf::actor_cast<task_graph_actor>(this);
  // Behind what is being written about it.
  stage_.store().when_safe(stage_.store().last(), [this, self, query] {
    stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
      reading_ = false;
      attempt([&] {
        take_record(replies.front());
        rest_when_idle();
      });
    });
  });
}

namespace {

timestamp time_of(const redis_reply& record, std::size_t field) {
  std::int64_t ms = 0;
  const auto text = text_of(record.at(field));
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return timestamp{ms};
}

}  // namespace

void task_graph_shell::take_record(const redis_reply& record) {
  const auto found = record.size() == 7 ? text_of(record.at(0)) : std::string_view{};
  if (found == graph_done && time_of(record, 3) >= stage_.on.now())
    return repeat_or_refuse(text_of(record.at(1)), std::string{text_of(record.at(2))});
  if (found != graph_prepared && found != graph_committed)
    return start_next();
  // Somebody failed in the middle of it; who asks now waits for its end.
  state_.content = text_of(record.at(1));
  state_.expires = time_of(record, 3);
  state_.key = text_of(record.at(5));
  decided_ = time_of(record, 6);
  go_on(resume_graph(state_, read_members(text_of(record.at(4))), found == graph_committed));
}

void task_graph_shell::repeat_or_refuse(std::string_view content, const std::string& answer_text) {
  for (auto& command : std::exchange(waiting_, {}))
    if (command.reply)
      stage_.on.deliver(command.reply, command.content == content
                                           ? answer{answer_text}
                                           : answer{other_content(command.key)});
}

// There is no such graph: the first who wants one makes it.
void task_graph_shell::start_next() {
  while (!waiting_.empty() && state_.phase == graph_phase::idle) {
    auto command = std::move(waiting_.front());
    waiting_.pop_front();
    if (command.members == nullptr)
      continue;  // there was nothing to go on with
    replies_ = {command.reply};
    if (auto turn = start(command); turn)
      go_on(*turn);
    else
      answer_all(answer{std::move(turn).error()});
  }
  for (auto& command : std::exchange(waiting_, {}))
    create(command);
}

outcome<graph_turn> task_graph_shell::start(create_graph& command) {
  if (command.refusal)
    return api_error{*command.refusal};
  TROUPE_TRY(auto planned, plan_graph(*command.members));
  state_.key = std::move(command.key);
  state_.content = std::move(command.content);
  state_.expires = key_expiry(*command.members);
  return begin_graph(state_, std::move(planned));
}

// -- the way of a graph ---------------------------------------------------------------------------

void task_graph_shell::advanced(member_advanced& command) { go_on(on_advanced(state_, command)); }

void task_graph_shell::go_on(graph_turn turn) {
  switch (turn) {
    case graph_turn::wait:
      return;
    case graph_turn::ask:
      return ask_later();
    case graph_turn::record:
      return write_intent();
    case graph_turn::decide:
      return write_decision();
    case graph_turn::close:
      return close();
    case graph_turn::forget:
      return forget();
    case graph_turn::refuse:
      return refuse(refusal_of(state_));
  }
}

// What the slice before the last wrote on this lane is to be safe before the next one writes: so
// Redis and the lane work at the same time, and a graph never puts more than two batches in front
// of what others write.
void task_graph_shell::ask_later() {
  auto self = caf::actor_cast<task_graph_actor>(this);
  const auto job = [this, self] { attempt([this] { ask(); }); };
  auto& store = stage_.store();
  const auto before = std::exchange(written_, store.last());
  if (store.safe() >= before)
    stage_.on.post(job);
  else
    store.when_safe(before, job);
}

void task_graph_shell::ask() {
  const auto slice = take_slice(state_, members_per_slice);
  if (slice.empty())
    return go_on(on_nobody_left(state_));
  const auto step = present_step(state_);
  for (const auto place : slice) {
    auto& member = state_.members[place];
    if (step != graph_step::prepare) {
      stage_.board.tell(stage_.on, advance_member{member.task, state_.id, step});
      continue;
    }
    stage_.board.tell(stage_.on,
                      prepare_member{member.task, state_.id, std::move(member.definition),
                                     std::move(member.within), std::move(member.dependents)});
  }
}

void task_graph_shell::write_intent() {
  const auto prefix = shard_key_prefix(shard_of(state_.id.view()));
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", graph_key(state_.id), "key", state_.key, "content", state_.content,
                   "state", graph_prepared, "expires", state_.expires.ms, "tasks",
                   member_text(state_));
  commands.command("SADD", resp_writer::joined{prefix, "graph-work", {}}, state_.id.view());
  commands.command("ZADD", resp_writer::joined{prefix, "graph-expiry", {}}, state_.expires.ms,
                   state_.id.view());
  const auto written = stage_.store().end_commit();
  auto self = caf::actor_cast<task_graph_actor>(this);
  stage_.store().when_safe(written,
                           [this, self] { attempt([this] { go_on(on_recorded(state_)); }); });
}

void task_graph_shell::write_decision() {
  decided_ = stage_.on.now();
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", graph_key(state_.id), "state", graph_committed, "decided", decided_.ms,
                   "answer", graph_answer(state_, decided_));
  const auto written = stage_.store().end_commit();
  auto self = caf::actor_cast<task_graph_actor>(this);
  stage_.store().when_safe(written,
                           [this, self] { attempt([this] { go_on(on_decided(state_)); }); });
}

void task_graph_shell::close() {
  write_graph_done(stage_.store().begin_commit(), state_.id);
  const auto written = stage_.store().end_commit();
  auto self = caf::actor_cast<task_graph_actor>(this);
  stage_.store().when_safe(written, [this, self] {
    attempt([this] {
      answer_all(answer{graph_answer(state_, decided_)});
      over();
    });
  });
}

void task_graph_shell::forget() {
  write_graph_gone(stage_.store().begin_commit(), state_.id);
  const auto written = stage_.store().end_commit();
  auto self = caf::actor_cast<task_graph_actor>(this);
  stage_.store().when_safe(written,
                           [this, self] { attempt([this] { refuse(refusal_of(state_)); }); });
}

void task_graph_shell::refuse(const api_error& why) {
  answer_all(answer{why});
  over();
}

void task_graph_shell::answer_all(const answer& result) {
  for (const auto& reply : std::exchange(replies_, {})) {
    if (!reply)
      continue;
    auto copy = result.error ? answer{*result.error} : answer{result.body};
    stage_.on.deliver(reply, std::move(copy));
  }
}

// The key may be asked for again: by who has waited, and by who comes.
void task_graph_shell::over() {
  const auto id = state_.id;
  state_ = {};
  state_.id = id;
  if (!waiting_.empty())
    read_record();
  rest_when_idle();
}

}  // namespace troupe
