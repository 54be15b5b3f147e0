#include "actors/index/index_actor.hpp"

#include "actors/index/index_keys.hpp"
#include "runtime/events/event_stream.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

// So many rows a step, which takes well below a millisecond.
constexpr std::size_t rows_per_step = 1000;
// Whatever expires is not shown any more; its memory can wait so long.
constexpr std::chrono::seconds between_walks{60};
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
    : service_actor(config, where.on, where.board, "index service", std::move(successor)),
      stage_(where) {}

index_shell::behavior_type index_shell::make_behavior() {
  using self = index_shell;
  return {
      opens<open_index>(&self::open), receive(&self::catch_up),
      receive(&self::insert),         receive(&self::remove),
      receive(&self::find),           receive(&self::find_all),
      receive(&self::list),           receive(&self::take),
      receive(&self::told),           receive(&self::take_definition),
      receive(&self::walk),           receive(&self::expire),
  };
}

void index_shell::leave() {
  for (const auto& sink : asked_)
    stage_.on.close_reply(sink.handle);
  asked_.clear();
  for (auto& purge : purges_)
    stage_.board.tell(stage_.on, std::move(purge));
  purges_.clear();
  state_ = {};
}

// -- the beginning --------------------------------------------------------------------------------

void index_shell::open() {
  using self = index_shell;
  read<self>({{index_tasks_key, &self::take_entry},
              {index_namespaces_key, &self::take_namespace},
              {index_places_key, &self::take_place}},
             &self::begin);
}

void index_shell::take_entry(std::string_view path, std::string_view row) {
  on_entry_read(state_, path, read_entry_row(row));
}

void index_shell::take_namespace(std::string_view path, std::string_view expires) {
  on_namespace_read(state_, path, {number_of<std::int64_t>(expires)});
}

void index_shell::take_place(std::string_view name, std::string_view text) {
  const auto stream = find_stream(name);
  if (!stream)
    return;
  auto& of = intake_.streams[*stream];
  of.handled = of.told = of.written = read_place(*stream, text);
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
    commit([&](resp_writer& to) { write_entry(to, command.path, what); });
    apply_insert(state_, command.path, what);
  }
  std::string text;
  append_entry(text, command.path, what.entry);
  reply(command.reply, answer{std::move(text)});
}

void index_shell::remove(delete_indexed& command) {
  if (apply_delete(state_, command.path))
    commit([&](resp_writer& to) { to.command("HDEL", index_tasks_key, command.path); });
  reply(command.reply, answer{"{}"});
}

void index_shell::find(find_indexed& command) {
  const auto entry = find_entry(state_, command.path, stage_.on.now());
  if (!entry)
    return reply(command.reply,
                 answer{make_api_error(error_code::resource_not_found, "Indexed task not found")});
  std::string text;
  append_entry(text, command.path, *entry);
  reply(command.reply, answer{std::move(text)});
}

void index_shell::find_all(find_all_indexed& command) {
  auto page = find_entries(state_, command, stage_.on.now());
  reply_page(command.reply, std::move(page.text), std::move(page.next));
}

void index_shell::list(list_indexed& command) {
  auto page = list_below(state_, command, stage_.on.now());
  reply_page(command.reply, std::move(page.text), std::move(page.next));
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
    commit([&](resp_writer& to) {
      remove_fields(to, index_tasks_key, expired.tasks);
      remove_fields(to, index_namespaces_key, expired.namespaces);
    });
    walk_removed_ += expired.tasks.size();
  }
  if (walk_->done)
    end_walking(now);
  else
    tell_self_later(index_timer_fired{});
}

void index_shell::end_walking(timestamp now) {
  end_walk(state_, *walk_);
  walk_.reset();
  walked_ = now;
  if (walk_is_asked_) {
    reply(purges_.front().reply, answer{"{\"removed\":" + std::to_string(walk_removed_) + "}"});
    purges_.pop_front();
  }
  if (!purges_.empty())
    tell_self_later(index_timer_fired{});
}

// What is under way looks for what has expired by now only, so this one comes after it.
void index_shell::expire(expire_now& command) {
  purges_.push_back(command);
  if (!walk_ && purges_.size() == 1)
    tell_self_later(index_timer_fired{});
}

std::optional<timestamp> index_shell::next_due() const {
  if (walk_ || !state_.next_expiry)
    return std::nullopt;
  return std::max(*state_.next_expiry, walked_ + between_walks);
}

}  // namespace troupe
