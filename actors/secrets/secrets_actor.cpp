#include "actors/secrets/secrets_actor.hpp"

#include "runtime/clock/random.hpp"
#include "runtime/log/log.hpp"
#include "runtime/secrets/key_census.hpp"

namespace troupe {

namespace {

constexpr std::string_view rows_key = "troupe:{secrets}:secrets";
constexpr std::string_view own_client = "static/taskcluster/secrets";
// So many at a time, so that others have their turn between them.
constexpr std::size_t most_resealed = 100;

}  // namespace

secrets_shell::secrets_shell(caf::actor_config& config, const stage& where,
                             std::function<void()> successor)
    : service_actor(config, where.on, where.board, "secrets service", std::move(successor)),
      stage_(where) {}

secrets_shell::behavior_type secrets_shell::make_behavior() {
  using self = secrets_shell;
  return {
      opens<open_secrets>(&self::open),
      receive(&self::set),
      receive(&self::remove),
      receive(&self::show),
      receive(&self::list),
      receive(&self::reseal),
      receive(&self::remove_expired),
      receive(&self::expire),
  };
}

// -- the beginning --------------------------------------------------------------------------------

void secrets_shell::open() {
  using self = secrets_shell;
  read<self>({{rows_key, &self::take_row}}, &self::check_keys);
}

void secrets_shell::take_row(std::string_view name, std::string_view value) {
  apply_set(state_, std::string{name}, read_secret_row(value));
}

bool secrets_shell::check_keys() {
  if (state_.rows.empty())
    return true;
  key_census census{*stage_.parts.secrets};
  for (const auto& [name, row] : state_.rows)
    census.see(name, row.sealed);
  if (const auto missing = census.missing("secrets")) {
    stage_.parts.give_up(*missing + ", or, if it is lost, remove the secrets with: redis-cli DEL " +
                         std::string{rows_key});
    return false;
  }
  to_reseal_.assign(census.outdated().begin(), census.outdated().end());
  if (stage_.parts.secrets->size() > 1)
    tell_self_later(reseal_secrets{});
  return true;
}

void secrets_shell::reseal(reseal_secrets&) {
  const auto& ring = *stage_.parts.secrets;
  for (std::size_t count = 0; count < most_resealed && !to_reseal_.empty(); ++count) {
    const auto name = std::move(to_reseal_.back());
    to_reseal_.pop_back();
    const auto row = state_.rows.find(name);
    if (row == state_.rows.end() || secret_ring::key_of(row->second.sealed) == ring.newest())
      continue;
    auto plain = ring.open(row->second.sealed, name);
    if (!plain) {
      log_message(severity::error, "the secret '" + name + "' cannot be opened: it was changed");
      continue;
    }
    row->second.sealed = ring.seal(*plain, name, thread_random());
    wipe(*plain);
    write(name);
  }
  if (!to_reseal_.empty())
    return tell_self_later(reseal_secrets{});
  stage_.store().when_safe(written(), [] {
    log_message(severity::notice,
                "all secrets are sealed with the newest key; older ones are no longer needed for "
                "them");
  });
}

// -- requests -------------------------------------------------------------------------------------

void secrets_shell::write(const std::string& name) {
  commit([&](resp_writer& to) {
    to.command("HSET", rows_key, name, secret_row_text(state_.rows.find(name)->second));
  });
}

void secrets_shell::set(set_secret& command) {
  const auto action = action_of_set(state_, command.name, stage_.on.now());
  secret_row row{stage_.parts.secrets->seal(command.plain, command.name, thread_random()),
                 command.expires};
  wipe(command.plain);
  apply_set(state_, command.name, std::move(row));
  write(command.name);
  audit(command.name, action, command.client_id);
  reply(command.reply, answer{"{}"});
}

void secrets_shell::remove(remove_secret& command) {
  if (apply_remove(state_, command.name))
    commit([&](resp_writer& to) { to.command("HDEL", rows_key, command.name); });
  audit(command.name, "deleted", command.client_id);
  reply(command.reply, answer{"{}"});
}

void secrets_shell::show(get_secret& command) {
  const auto* row = find_secret(state_, command.name, stage_.on.now());
  if (row == nullptr)
    return reply(command.reply,
                 answer{make_api_error(error_code::resource_not_found, "Secret not found")});
  auto plain = stage_.parts.secrets->open(row->sealed, command.name);
  if (!plain)
    return stage_.on.deliver(
        command.reply, answer{failed_actor("secrets service", "the secret '" + command.name +
                                                                  "' cannot be opened: what Redis "
                                                                  "holds was changed")});
  std::string body;
  body.reserve(plain->size() + 64);  // no copy of it stays behind
  body += R"({"secret":)";
  body += *plain;
  body += R"(,"expires":")";
  append_iso(body, row->expires);
  body += "\"}";
  wipe(*plain);
  reply(command.reply, answer{std::move(body)});
}

void secrets_shell::list(list_secrets& command) {
  const auto page = list_names(state_, command.first ? std::nullopt : std::optional{command.after},
                               command.limit, stage_.on.now());
  reply_page(command.reply, names_text(page.names), page.next);
}

// -- time -----------------------------------------------------------------------------------------

void secrets_shell::remove_expired(secrets_timer_fired&) { remove_until(stage_.on.now()); }

void secrets_shell::expire(expire_now& command) {
  const auto removed = remove_until(command.as_of);
  reply(command.reply, answer{"{\"removed\":" + std::to_string(removed) + "}"});
}

std::size_t secrets_shell::remove_until(timestamp then) {
  const auto expired = take_expired(state_, then);
  if (expired.empty())
    return 0;
  commit([&](resp_writer& to) {
    for (const auto& name : expired)
      to.command("HDEL", rows_key, name);
  });
  for (const auto& name : expired)
    audit(name, "expired", std::string{own_client});
  return expired.size();
}

// Told once it has happened for good.
void secrets_shell::audit(const std::string& name, std::string_view action,
                          const std::string& client_id) {
  stage_.store().when_safe(
      written(), [what = audit_event{"secrets", "secret", name, client_id, std::string{action}}] {
        log_audit(what);
      });
}

}  // namespace troupe
