#include "actors/purge_cache/purge_cache_actor.hpp"

namespace troupe {

namespace {

constexpr std::string_view rows_key = "troupe:{purge-cache}:requests";

}  // namespace

purge_cache_shell::purge_cache_shell(caf::actor_config& config, const stage& where,
                                     std::function<void()> successor)
    : service_actor(config, where.on, where.board, "purge-cache service", std::move(successor)),
      stage_(where) {}

purge_cache_shell::behavior_type purge_cache_shell::make_behavior() {
  using self = purge_cache_shell;
  return {
      opens<open_purge_requests>(&self::open),
      receive(&self::take_request),
      receive(&self::list),
      receive(&self::find),
      receive(&self::remove_expired),
  };
}

void purge_cache_shell::open() {
  using self = purge_cache_shell;
  read<self>({{rows_key, &self::take_row}}, &self::begin);
}

void purge_cache_shell::take_row(std::string_view name, std::string_view value) {
  apply_purge(state_, read_key(name), read_request(value));
}

void purge_cache_shell::take_request(request_purge& command) {
  const purge_key key{command.pool, command.cache};
  const auto made = decide_purge(state_, command, stage_.on.now());
  commit([&](resp_writer& to) { to.command("HSET", rows_key, key_text(key), row_text(made)); });
  apply_purge(state_, key, made);
  reply(command.reply, answer{204, {}});
}

void purge_cache_shell::list(list_purge_requests& command) {
  const auto after = command.after.empty() ? std::nullopt : std::optional{read_key(command.after)};
  const auto page = list_requests(state_, after, command.limit, stage_.on.now());
  reply_page(command.reply, requests_text(page.rows),
             page.next ? std::optional{key_text(*page.next)} : std::nullopt);
}

void purge_cache_shell::find(find_purge_requests& command) {
  reply(command.reply,
        answer{requests_text(requests_of(state_, command.pool, command.since, stage_.on.now()))});
}

void purge_cache_shell::remove_expired(purge_timer_fired&) {
  const auto expired = take_expired(state_, stage_.on.now());
  if (expired.empty())
    return;
  commit([&](resp_writer& to) {
    for (const auto& key : expired)
      to.command("HDEL", rows_key, key_text(key));
  });
}

// Each lives for a day, so the next to expire is never an earlier one than before.
std::optional<timestamp> purge_cache_shell::next_due() const {
  const auto next = is_armed() ? std::nullopt : next_expiry(state_);
  return next ? std::optional{*next + std::chrono::milliseconds{1}} : std::nullopt;
}

}  // namespace troupe
