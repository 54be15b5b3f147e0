#include "actors/index/index_actor.hpp"

#include "actors/index/index_keys.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/store/hash_scan.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace troupe {

namespace {

// So many rows a step, which takes well below a millisecond.
constexpr std::size_t rows_per_step = 1000;
// Whatever expires is not shown any more; its memory can wait so long.
constexpr std::chrono::seconds between_walks{60};
// A timer further away is set again on the way.
constexpr std::chrono::hours longest_timer{24};
// So many fields in one command.
constexpr std::size_t fields_per_command = 500;

template <class Number>
Number number_of(std::string_view text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void remove_fields(resp_writer& to, std::string_view key, const std::vector<std::string>& fields) {
  for (std::size_t from = 0; from < fields.size(); from += fields_per_command) {
    const auto count = std::min(fields_per_command, fields.size() - from);
    to.begin(2 + count);
    to.argument("HDEL");
    to.argument(key);
    for (std::size_t i = from; i < from + count; ++i)
      to.argument(fields[i]);
  }
}

}  // namespace

index_shell::index_shell(caf::actor_config& config, const stage& where,
                         std::function<void()> successor)
    : index_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "index service", std::move(successor)) {
  guard_.hold();  // until it has read what Redis holds
}

template <class Command>
auto index_shell::receive(void (index_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) {
      (this->*handle)(c);
      arm_timer();
    });
  };
}

index_shell::behavior_type index_shell::make_behavior() {
  using self = index_shell;
  return {
      [this](open_index&) { guard_.attempt([this] { open(); }); },
      receive(&self::catch_up),
      receive(&self::insert),
      receive(&self::remove),
      receive(&self::find),
      receive(&self::find_all),
      receive(&self::list),
      receive(&self::take),
      receive(&self::told),
      receive(&self::take_definition),
      receive(&self::walk),
      receive(&self::expire),
  };
}

void index_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  for (const auto& sink : asked_)
    stage_.on.close_reply(sink.handle);
  asked_.clear();
  for (auto& purge : purges_)
    stage_.board.tell(stage_.on, std::move(purge));
  purges_.clear();
  guard_.hand_back();
  state_ = {};
}

void index_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<index_actor>(this), index_timer_fired{});
}

// -- the beginning --------------------------------------------------------------------------------

void index_shell::open() {
  auto self = caf::actor_cast<index_actor>(this);
  scan_hash(
      stage_.store(), std::string{index_tasks_key},
      [this, self](std::string_view path, std::string_view row) {
        guard_.attempt([&] { on_entry_read(state_, path, read_entry_row(row)); });
      },
      [this, self](const std::string& error) {
        if (error.empty())
          read_namespaces();
        else
          opened(error);
      });
}

void index_shell::read_namespaces() {
  auto self = caf::actor_cast<index_actor>(this);
  scan_hash(
      stage_.store(), std::string{index_namespaces_key},
      [this, self](std::string_view path, std::string_view expires) {
        guard_.attempt(
            [&] { on_namespace_read(state_, path, {number_of<std::int64_t>(expires)}); });
      },
      [this, self](const std::string& error) {
        if (error.empty())
          read_places();
        else
          opened(error);
      });
}

void index_shell::read_places() {
  auto self = caf::actor_cast<index_actor>(this);
  scan_hash(
      stage_.store(), std::string{index_places_key},
      [this, self](std::string_view name, std::string_view text) {
        const auto stream = find_stream(name);
        if (!stream)
          return;
        auto& of = intake_.streams[*stream];
        of.handled = of.told = of.written = read_place(*stream, text);
      },
      [this, self](const std::string& error) { opened(error); });
}

void index_shell::opened(const std::string& error) {
  if (guard_.failed())
    return;
  const bool taken = guard_.attempt([&] {
    if (!error.empty())
      throw std::runtime_error(error);
    arm_timer();
  });
  if (taken)
    guard_.release();
}

// -- requests -------------------------------------------------------------------------------------

void index_shell::write_entry(resp_writer& to, std::string_view path, const insertion& what) {
  to.command("HSET", index_tasks_key, path, entry_row(what.entry));
  for (const auto& [space, until] : what.namespaces)
    to.command("HSET", index_namespaces_key, space, until.ms);
}

void index_shell::insert(insert_indexed& command) {
  const auto what = decide_insert(state_, command.path, command.entry, stage_.on.now());
  if (what.stored) {
    write_entry(stage_.store().begin_commit(), command.path, what);
    written_ = stage_.store().end_commit();
    apply_insert(state_, command.path, what);
  }
  std::string text;
  append_entry(text, command.path, what.entry);
  stage_.store().answer(written_, command.reply, answer{std::move(text)});
}

void index_shell::remove(delete_indexed& command) {
  if (apply_delete(state_, command.path)) {
    stage_.store().begin_commit().command("HDEL", index_tasks_key, command.path);
    written_ = stage_.store().end_commit();
  }
  stage_.store().answer(written_, command.reply, answer{"{}"});
}

void index_shell::find(find_indexed& command) {
  const auto entry = find_entry(state_, command.path, stage_.on.now());
  if (!entry)
    return stage_.store().answer(
        written_, command.reply,
        answer{make_api_error(error_code::resource_not_found, "Indexed task not found")});
  std::string text;
  append_entry(text, command.path, *entry);
  stage_.store().answer(written_, command.reply, answer{std::move(text)});
}

void index_shell::find_all(find_all_indexed& command) {
  answer_page(command.reply, find_entries(state_, command, stage_.on.now()));
}

void index_shell::list(list_indexed& command) {
  answer_page(command.reply, list_below(state_, command, stage_.on.now()));
}

void index_shell::answer_page(const reply_handle& to, index_page&& page) {
  answer result{std::move(page.text)};
  if (page.next)
    result.headers.emplace_back("next-position", std::move(*page.next));
  stage_.store().answer(written_, to, std::move(result));
}

// -- expiry ---------------------------------------------------------------------------------------

void index_shell::walk(index_timer_fired&) {
  if (!walk_) {
    walk_ = begin_walk(state_);
    walk_removed_ = 0;
    walk_is_asked_ = !purges_.empty();
  }
  const auto now = stage_.on.now();
  const auto expired = walk_expired(state_, *walk_, rows_per_step,
                                    walk_is_asked_ ? std::max(now, purges_.front().as_of) : now);
  if (!expired.tasks.empty() || !expired.namespaces.empty()) {
    auto& commands = stage_.store().begin_commit();
    remove_fields(commands, index_tasks_key, expired.tasks);
    remove_fields(commands, index_namespaces_key, expired.namespaces);
    written_ = stage_.store().end_commit();
    walk_removed_ += expired.tasks.size();
  }
  if (walk_->done)
    end_walking(now);
  else
    walk_on();
}

void index_shell::end_walking(timestamp now) {
  end_walk(state_, *walk_);
  walk_.reset();
  walked_ = now;
  if (walk_is_asked_) {
    stage_.store().answer(written_, purges_.front().reply,
                          answer{"{\"removed\":" + std::to_string(walk_removed_) + "}"});
    purges_.pop_front();
  }
  if (!purges_.empty())
    walk_on();
}

// Sessions and other actors have their turn between two steps.
void index_shell::walk_on() {
  stage_.on.post([&on = stage_.on, self = caf::actor_cast<index_actor>(this)] {
    on.executor().post(self, index_timer_fired{});
  });
}

// What is under way looks for what has expired by now only, so this one comes after it.
void index_shell::expire(expire_now& command) {
  purges_.push_back(command);
  if (!walk_ && purges_.size() == 1)
    walk_on();
}

void index_shell::arm_timer() {
  if (walk_ || !state_.next_expiry)
    return;
  const auto due = std::min(std::max(*state_.next_expiry, walked_ + between_walks),
                            stage_.on.now() + longest_timer);
  if (timer_ != 0 && armed_for_ <= due)
    return;
  stage_.on.cancel_timer(timer_);
  timer_ = stage_.on.add_timer(due, *this);
  armed_for_ = due;
}

}  // namespace troupe
