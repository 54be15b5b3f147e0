#include "actors/secrets/secrets_actor.hpp"

#include "runtime/clock/random.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/log/log.hpp"
#include "runtime/secrets/secret_ring.hpp"
#include "runtime/store/hash_scan.hpp"

#include <set>
#include <stdexcept>

namespace troupe {

namespace {

constexpr std::string_view rows_key = "troupe:{secrets}:secrets";
constexpr std::string_view own_client = "static/taskcluster/secrets";
// So many at a time, so that others have their turn between them.
constexpr std::size_t most_resealed = 100;
// A timer further away is set again on the way.
constexpr std::chrono::hours longest_timer{24};

}  // namespace

secrets_shell::secrets_shell(caf::actor_config& config, const stage& where,
                             std::function<void()> successor)
    : secrets_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "secrets service", std::move(successor)) {
  guard_.hold();  // until it has read what Redis holds
}

template <class Command>
auto secrets_shell::receive(void (secrets_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) {
      (this->*handle)(c);
      arm_timer();
    });
  };
}

secrets_shell::behavior_type secrets_shell::make_behavior() {
  using self = secrets_shell;
  return {
      [this](open_secrets&) { guard_.attempt([this] { open(); }); },
      receive(&self::set),
      receive(&self::remove),
      receive(&self::show),
      receive(&self::list),
      receive(&self::reseal),
      receive(&self::remove_expired),
      receive(&self::expire),
  };
}

void secrets_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  guard_.hand_back();
  state_ = {};
}

void secrets_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<secrets_actor>(this), secrets_timer_fired{});
}

// -- the beginning --------------------------------------------------------------------------------

void secrets_shell::open() {
  auto self = caf::actor_cast<secrets_actor>(this);
  scan_hash(
      stage_.store(), std::string{rows_key},
      [this, self](std::string_view name, std::string_view value) {
        guard_.attempt([&] { apply_set(state_, std::string{name}, read_secret_row(value)); });
      },
      [this, self](const std::string& error) {
        if (guard_.failed())
          return;
        const bool taken = guard_.attempt([&] {
          if (!error.empty())
            throw std::runtime_error(error);
          check_keys();
          arm_timer();
        });
        if (taken)
          guard_.release();
      });
}

// What nobody can read any more is to be found out now, not when somebody needs it.
void secrets_shell::check_keys() {
  if (state_.rows.empty())
    return;
  const auto& ring = *stage_.parts.secrets;
  std::set<std::string_view> missing;
  std::size_t unreadable = 0;
  for (const auto& [name, row] : state_.rows) {
    const auto key = secret_ring::key_of(row.sealed);
    if (!ring.has(key)) {
      missing.insert(key);
      ++unreadable;
    } else if (key != ring.newest()) {
      to_reseal_.push_back(name);
    }
  }
  if (unreadable > 0) {
    std::string keys;
    for (const auto key : missing)
      keys += (keys.empty() ? "" : ", ") + std::string{key};
    return stage_.parts.give_up(
        "Redis holds " + std::to_string(unreadable) + " secrets sealed with a key (" + keys +
        ") that this server does not have; give it the file of that key with --secrets-key-file, "
        "or, if it is lost, remove the secrets with: redis-cli DEL " +
        std::string{rows_key});
  }
  if (!to_reseal_.empty())
    go_on_resealing();
}

// Sessions and other actors have their turn between two steps.
void secrets_shell::go_on_resealing() {
  stage_.on.post([&on = stage_.on, self = caf::actor_cast<secrets_actor>(this)] {
    on.executor().post(self, reseal_secrets{});
  });
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
    return go_on_resealing();
  stage_.store().when_safe(written_, [] {
    log_message(severity::notice,
                "all secrets are sealed with the newest key; older ones are no longer needed");
  });
}

// -- requests -------------------------------------------------------------------------------------

void secrets_shell::write(const std::string& name) {
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", rows_key, name, secret_row_text(state_.rows.find(name)->second));
  written_ = stage_.store().end_commit();
}

void secrets_shell::set(set_secret& command) {
  const auto action = action_of_set(state_, command.name, stage_.on.now());
  secret_row row{stage_.parts.secrets->seal(command.plain, command.name, thread_random()),
                 command.expires};
  wipe(command.plain);
  apply_set(state_, command.name, std::move(row));
  write(command.name);
  audit(command.name, action, command.client_id);
  stage_.store().answer(written_, command.reply, answer{"{}"});
}

void secrets_shell::remove(remove_secret& command) {
  if (apply_remove(state_, command.name)) {
    auto& commands = stage_.store().begin_commit();
    commands.command("HDEL", rows_key, command.name);
    written_ = stage_.store().end_commit();
  }
  audit(command.name, "deleted", command.client_id);
  stage_.store().answer(written_, command.reply, answer{"{}"});
}

void secrets_shell::show(get_secret& command) {
  const auto* row = find_secret(state_, command.name, stage_.on.now());
  if (row == nullptr)
    return stage_.store().answer(
        written_, command.reply,
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
  stage_.store().answer(written_, command.reply, answer{std::move(body)});
}

void secrets_shell::list(list_secrets& command) {
  const auto page = list_names(state_, command.first ? std::nullopt : std::optional{command.after},
                               command.limit, stage_.on.now());
  answer result{names_text(page.names)};
  if (page.next)
    result.headers.emplace_back("next-position", *page.next);
  stage_.store().answer(written_, command.reply, std::move(result));
}

// -- time -----------------------------------------------------------------------------------------

void secrets_shell::remove_expired(secrets_timer_fired&) { remove_until(stage_.on.now()); }

void secrets_shell::expire(expire_now& command) {
  const auto removed = remove_until(command.as_of);
  stage_.store().answer(written_, command.reply,
                        answer{"{\"removed\":" + std::to_string(removed) + "}"});
}

std::size_t secrets_shell::remove_until(timestamp then) {
  const auto expired = take_expired(state_, then);
  if (expired.empty())
    return 0;
  auto& commands = stage_.store().begin_commit();
  for (const auto& name : expired)
    commands.command("HDEL", rows_key, name);
  written_ = stage_.store().end_commit();
  for (const auto& name : expired)
    audit(name, "expired", std::string{own_client});
  return expired.size();
}

void secrets_shell::arm_timer() {
  auto due = next_expiry(state_);
  if (!due)
    return;
  due = std::min(*due, stage_.on.now() + longest_timer);
  if (timer_ != 0 && armed_for_ <= *due)
    return;
  stage_.on.cancel_timer(timer_);
  timer_ = stage_.on.add_timer(*due, *this);
  armed_for_ = *due;
}

// Told once it has happened for good.
void secrets_shell::audit(const std::string& name, std::string_view action,
                          const std::string& client_id) {
  stage_.store().when_safe(written_, [name, action, client_id] {
    log_record(severity::notice, "audit-event",
               {{"service", "secrets"},
                {"entity", "secret"},
                {"entityId", name},
                {"clientId", client_id},
                {"action", action}},
               "secrets");
  });
}

}  // namespace troupe
