#include "actors/auth/auth_actor.hpp"

#include "actors/auth/auth_wire.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/crypto/sealed_text.hpp"
#include "runtime/log/log.hpp"
#include "runtime/store/event_entry.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

// What the program itself does to clients.
constexpr std::string_view service_itself = "static/taskcluster/auth";

constexpr std::string_view clients_key = "troupe:{auth}:clients";
constexpr std::string_view roles_key = "troupe:{auth}:roles";

// What tokens began with before there was a ring of keys.
constexpr std::string_view former_seal = "1:";
constexpr std::size_t resealed_per_commit = 100;

// Entries of the history are kept so long.
constexpr auto history_time = std::chrono::hours{24 * 365};

resp_writer::joined auth_key(std::string_view name, std::string_view rest = {}) {
  return {stream_key_prefix(auth_stream), name, rest};
}

std::string fresh_token() {
  auto& random = thread_random();
  return make_slugid(random) + make_slugid(random);
}

std::string history_of(std::string_view kind, std::string_view id) {
  return std::string{kind} + '/' + std::string{id};
}

}  // namespace

auth_shell::auth_shell(caf::actor_config& config, const stage& where,
                       std::function<void()> successor)
    : service_actor(config, where.on, where.board, "auth service", std::move(successor)),
      stage_(where) {}

auth_shell::behavior_type auth_shell::make_behavior() {
  using self = auth_shell;
  return {
      opens<open_auth>(&self::open),
      receive(&self::answer_reading),
      receive<self, change_client>(&self::change),
      receive<self, change_role>(&self::change),
      receive(&self::note_use),
      receive(&self::remove_expired),
      receive(&self::expire),
  };
}

void auth_shell::leave() {
  // The successor publishes what was committed.
  for (const auto& waiting : std::exchange(unpublished_, {}))
    stage_.on.deliver(waiting.reply,
                      answer{make_api_error(error_code::service_unavailable,
                                            "The outcome is unknown; repeating the same call is "
                                            "safe")});
  state_ = {};
}

// -- the beginning --------------------------------------------------------------------------------

void auth_shell::open() {
  using self = auth_shell;
  census_.emplace(*stage_.parts.auth.token_keys);
  read<self>({{clients_key, &self::take_client}, {roles_key, &self::take_role}}, &self::begin);
}

void auth_shell::take_client(std::string_view id, std::string_view text) {
  std::string sealed;
  auto row = read_client_row(text, sealed);
  if (!row) {
    stop(make_api_error(error_code::internal_server_error,
                        "client '" + std::string{id} + "' in Redis: " + row.error().message));
    return;
  }
  row->access_token = open_token(id, *row, sealed).value_or("");
  put_client(state_, id, std::move(*row));
}

// That of a static client comes from the configuration, if need be.
std::optional<std::string> auth_shell::open_token(std::string_view id, const client_row& row,
                                                  std::string_view sealed) {
  const auto& setup = stage_.parts.auth;
  const bool formerly = sealed.starts_with(former_seal);
  if (formerly)
    formerly_sealed_.emplace(id);
  else if (!row.is_static || setup.token_keys->has(secret_ring::key_of(sealed)))
    census_->see(id, sealed);
  auto token = formerly ? unseal_text(setup.former_token_key, id, sealed)
                        : setup.token_keys->open(sealed, id);
  if (token || row.is_static || census_->missing("access tokens"))
    return token;
  const std::string why =
      formerly
          ? "was encrypted with another key: bring back the file server-key of the data "
            "directory with which it was made"
          : "cannot be opened: what Redis holds was changed. Remove the client with: redis-cli "
            "HDEL " +
                std::string{clients_key} + " " + std::string{id};
  stop(make_api_error(error_code::internal_server_error,
                      "the access token of client '" + std::string{id} + "' " + why));
  return std::nullopt;
}

void auth_shell::take_role(std::string_view id, std::string_view text) {
  auto row = read_role_row(text);
  if (row)
    state_.roles.insert_or_assign(std::string{id}, std::move(*row));
  else
    stop(make_api_error(error_code::internal_server_error,
                        "role '" + std::string{id} + "' in Redis: " + row.error().message));
}

// Without all of them nobody is served; the first reason is told.
bool auth_shell::stop(api_error why) {
  if (!unreadable_)
    unreadable_ = std::move(why);
  return false;
}

bool auth_shell::begin() {
  state_.expander = expander_of(state_);
  if (const auto missing = census_->missing("access tokens"))
    stop(make_api_error(error_code::internal_server_error,
                        *missing +
                            ", or, if it is lost, remove all clients that were made over the "
                            "API with: redis-cli DEL " +
                            std::string{clients_key}));
  auto made = unreadable_ ? outcome<auth_snapshot_ptr>{*unreadable_} : settle();
  const bool usable = made.has_value();
  if (usable)
    published_ = *made;
  stage_.parts.publish_snapshot(std::move(made), {});
  return usable;
}

// Brings what Redis holds and the configuration together.
outcome<auth_snapshot_ptr> auth_shell::settle() {
  TROUPE_TRY(const auto changes, settle_configuration(state_, stage_.parts.auth, stage_.on.now()));
  if (!changes.empty())
    commit([&](resp_writer& to) {
      for (const auto& change : changes) {
        write(to, change);
        apply(state_, change);
      }
    });
  reseal();
  return snapshot_of(state_);
}

// What older keys have sealed.
void auth_shell::reseal() {
  auto names = census_->outdated();
  names.merge(formerly_sealed_);
  for (auto at = names.begin(); at != names.end();)
    commit([&](resp_writer& to) {
      for (std::size_t count = 0; count < resealed_per_commit && at != names.end(); ++count, ++at)
        if (const auto known = state_.clients.find(*at); known != state_.clients.end())
          write_client(to, *at, known->second);
    });
  if (!names.empty() || stage_.parts.auth.token_keys->size() > 1)
    stage_.store().when_safe(written(), [] {
      log_message(severity::notice,
                  "all access tokens are sealed with the newest key; older ones are no longer "
                  "needed for them");
    });
}

// -- reading --------------------------------------------------------------------------------------

void auth_shell::answer_reading(read_auth& question) {
  if (question.what == auth_reading::entity_history ||
      question.what == auth_reading::client_history)
    return read_history(question);
  auto page = read_from(state_, question);
  if (!page)
    return reply(question.reply, answer{std::move(page).error()});
  reply_page(question.reply, std::move(page->body), std::move(page->next));
}

void auth_shell::read_history(read_auth& question) {
  const bool by_client = question.what == auth_reading::client_history;
  const auto of = by_client ? question.id : history_of(question.kind, question.id);
  const auto first = question.after ? std::stoull(*question.after) : 0ULL;
  const auto oldest = (stage_.on.now() - history_time).ms;
  when_settled([this, self = own_handle(), by_client, of, first, oldest, limit = question.limit,
                reply = question.reply] {
    resp_writer query;
    query.command("ZRANGEBYSCORE", auth_key(by_client ? "actor-history:" : "history:", of), oldest,
                  "+inf", "LIMIT", std::uint64_t{first}, std::uint64_t{limit} + 1);
    stage_.store().query(
        query, [this, self, first, limit, reply](std::vector<redis_reply>& replies) {
          const auto& found = replies.at(0);
          answer result{std::string{R"({"auditHistory":[)"}};
          for (std::size_t i = 0; i < found.size() && i < limit; ++i) {
            const auto entry = text_of(found.at(i));
            if (i > 0)
              result.body += ',';
            result.body += entry.substr(entry.find('{'));
          }
          result.body += "]}";
          if (found.size() > limit)
            result.headers.emplace_back("next-position", std::to_string(first + limit));
          stage_.on.deliver(reply, std::move(result));
        });
  });
}

// -- changes --------------------------------------------------------------------------------------

void auth_shell::change(change_client& command) {
  auto decided = decide(state_, command, stage_.on.now(), fresh_token());
  carry_out(std::move(decided), {command.by->client_id, {}, {}, "client", command.client_id},
            command.reply);
}

void auth_shell::change(change_role& command) {
  auto decided = decide(state_, command, stage_.on.now());
  carry_out(std::move(decided), {command.by->client_id, {}, {}, "role", command.role_id},
            command.reply);
}

void auth_shell::carry_out(outcome<auth_decision> decided, footprint left, const reply_handle& to) {
  if (!decided)
    return reply(to, answer{std::move(decided).error()});
  left.event = decided->event;
  left.action = decided->action;
  const auto number = commit([&](resp_writer& commands) {
    if (decided->change)
      write(commands, *decided->change);
    leave_behind(commands, left);
  });
  if (decided->change)
    apply(state_, *decided->change);
  unpublished_.push_back(
      {number, std::move(decided->change), to,
       answer{static_cast<std::uint16_t>(decided->status), std::move(decided->reply)}});
  audit_event audited{"auth", std::string{left.kind}, std::string{left.id}, std::string{left.by},
                      std::string{left.action}};
  stage_.store().when_safe(number,
                           [this, self = own_handle(), number, audited = std::move(audited)] {
                             log_audit(audited);
                             guard_.attempt([&] { publish(number); });
                           });
}

// Within a commit.
void auth_shell::write_client(resp_writer& commands, std::string_view id, const client_row& row) {
  const auto sealed = stage_.parts.auth.token_keys->seal(row.access_token, id, thread_random());
  commands.command("HSET", clients_key, id, write_client_row(row, sealed));
}

void auth_shell::write(resp_writer& commands, const auth_change& change) {
  if (change.is_of_client()) {
    if (change.client)
      write_client(commands, change.client_id, *change.client);
    else
      commands.command("HDEL", clients_key, change.client_id);
  } else if (change.role) {
    commands.command("HSET", roles_key, change.role_id, write_role_row(*change.role));
  } else {
    commands.command("HDEL", roles_key, change.role_id);
  }
}

// The event, and an entry of the histories of who did it and of what it was done to. A batch may
// be sent twice, so entries are told apart by a number that is theirs.
void auth_shell::leave_behind(resp_writer& commands, const footprint& left) {
  const auto now = stage_.on.now();
  const auto entry = std::to_string(stage_.on.unique_us()) +
                     audit_entry(left.by, left.action, now, left.kind, left.id);
  const auto oldest = (now - history_time).ms;
  const auto gone = (now + history_time).ms;
  for (const auto& [list, of] : {std::pair{"history:", history_of(left.kind, left.id)},
                                 std::pair{"actor-history:", std::string{left.by}}}) {
    const auto key = auth_key(list, of);
    commands.command("ZADD", key, now.ms, entry);
    commands.command("ZREMRANGEBYSCORE", key, "-inf", oldest);
    commands.command("PEXPIREAT", key, gone);
  }
  if (left.event.empty())
    return;
  const auto payload = left.kind == "role" ? role_event(left.id) : client_event(left.id);
  const auto exchange = "exchange/taskcluster-auth/v1/" + std::string{left.event};
  stage_.store().append_event(auth_stream, {exchange, "_", {}, payload});
}

void auth_shell::publish(commit_number up_to) {
  std::vector<unpublished> batch;
  while (!unpublished_.empty() && unpublished_.front().commit <= up_to) {
    batch.push_back(std::move(unpublished_.front()));
    unpublished_.pop_front();
  }
  if (batch.empty())
    return;
  std::vector<const auth_change*> changes;
  for (const auto& one : batch)
    if (one.change)
      changes.push_back(&*one.change);
  auto next = snapshot_after(published_, changes);
  // Each is answered once, when all lanes go by what it asked for.
  auto waiting = std::make_shared<std::vector<unpublished>>(std::move(batch));
  auto answer_all = [this, self = own_handle(), waiting] {
    for (auto& one : *waiting)
      if (one.reply)
        stage_.on.deliver(one.reply, std::move(one.result));
  };
  if (next == published_)
    return answer_all();
  published_ = next;
  stage_.parts.publish_snapshot(std::move(next), std::move(answer_all));
}

// -- by the way -----------------------------------------------------------------------------------

void auth_shell::note_use(client_used& news) {
  const auto found = state_.clients.find(news.client_id);
  if (found == state_.clients.end() || found->second.last_used >= news.at)
    return;
  auth_change change;
  change.client_id = news.client_id;
  change.client = found->second;
  change.client->last_used = news.at;
  commit([&](resp_writer& to) { write(to, change); });
  apply(state_, change);
}

void auth_shell::remove_expired(auth_timer_fired&) {
  remove_until(stage_.on.now() - stage_.parts.expiration_delay, {});
}

void auth_shell::expire(expire_now& command) { remove_until(command.as_of, command.reply); }

// Who asked is told with the last of them, when all lanes refuse it.
void auth_shell::remove_until(timestamp then, const reply_handle& told) {
  const auto expired = expired_clients(state_, then);
  const auto text = "{\"removed\":" + std::to_string(expired.size()) + "}";
  if (expired.empty())
    return reply(told, answer{text});
  for (const auto& id : expired) {
    auth_decision made;
    made.event = {};
    made.action = "expired";
    made.change.emplace();
    made.change->client_id = id;
    made.reply = text;
    carry_out(std::move(made), {service_itself, {}, {}, "client", id},
              id == expired.back() ? told : reply_handle{});
  }
}

std::optional<timestamp> auth_shell::next_due() const {
  const auto next = next_expiry(state_);
  return next ? std::optional{*next + stage_.parts.expiration_delay + 1ms} : std::nullopt;
}

}  // namespace troupe
