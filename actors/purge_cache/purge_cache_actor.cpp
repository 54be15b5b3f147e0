#include "actors/purge_cache/purge_cache_actor.hpp"

#include "runtime/lane/caf_compat.hpp"
#include "runtime/store/hash_scan.hpp"

#include <stdexcept>

namespace troupe {

namespace {

constexpr std::string_view rows_key = "troupe:{purge-cache}:requests";

}  // namespace

purge_cache_shell::purge_cache_shell(caf::actor_config& config, const stage& where,
                                     std::function<void()> successor)
    : purge_cache_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "purge-cache service", std::move(successor)) {
  guard_.hold();  // until it has read what Redis holds
}

template <class Command>
auto purge_cache_shell::receive(void (purge_cache_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) {
      (this->*handle)(c);
      arm_timer();
    });
  };
}

purge_cache_shell::behavior_type purge_cache_shell::make_behavior() {
  using self = purge_cache_shell;
  return {
      [this](open_purge_requests&) { guard_.attempt([this] { open(); }); },
      receive(&self::take_request),
      receive(&self::list),
      receive(&self::find),
      receive(&self::remove_expired),
  };
}

void purge_cache_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  guard_.hand_back();
  state_ = {};
}

void purge_cache_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<purge_cache_actor>(this), purge_timer_fired{});
}

void purge_cache_shell::open() {
  auto self = caf::actor_cast<purge_cache_actor>(this);
  scan_hash(
      stage_.store(), std::string{rows_key},
      [this, self](std::string_view name, std::string_view value) {
        guard_.attempt([&] { apply_purge(state_, read_key(name), read_request(value)); });
      },
      [this, self](const std::string& error) {
        if (guard_.failed())
          return;
        const bool taken = guard_.attempt([&] {
          if (!error.empty())
            throw std::runtime_error(error);
          arm_timer();
        });
        if (taken)
          guard_.release();
      });
}

void purge_cache_shell::take_request(request_purge& command) {
  const purge_key key{command.pool, command.cache};
  const auto made = decide_purge(state_, command, stage_.on.now());
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", rows_key, key_text(key), row_text(made));
  written_ = stage_.store().end_commit();
  apply_purge(state_, key, made);
  stage_.store().answer(written_, command.reply, answer{204, {}});
}

void purge_cache_shell::list(list_purge_requests& command) {
  const auto after = command.after.empty() ? std::nullopt : std::optional{read_key(command.after)};
  const auto page = list_requests(state_, after, command.limit, stage_.on.now());
  answer_read(command.reply, requests_text(page.rows), page.next);
}

void purge_cache_shell::find(find_purge_requests& command) {
  answer_read(command.reply,
              requests_text(requests_of(state_, command.pool, command.since, stage_.on.now())));
}

void purge_cache_shell::answer_read(const reply_handle& to, std::string text,
                                    const std::optional<purge_key>& next) {
  answer result{std::move(text)};
  if (next)
    result.headers.emplace_back("next-position", key_text(*next));
  stage_.store().answer(written_, to, std::move(result));
}

void purge_cache_shell::remove_expired(purge_timer_fired&) {
  const auto expired = take_expired(state_, stage_.on.now());
  if (expired.empty())
    return;
  auto& commands = stage_.store().begin_commit();
  for (const auto& key : expired)
    commands.command("HDEL", rows_key, key_text(key));
  written_ = stage_.store().end_commit();
}

// Each lives for a day, so the next to expire is never an earlier one than before.
void purge_cache_shell::arm_timer() {
  if (timer_ != 0)
    return;
  if (const auto next = next_expiry(state_))
    timer_ = stage_.on.add_timer(*next + std::chrono::milliseconds{1}, *this);
}

}  // namespace troupe
