#include "actors/auth/auth_actor.hpp"

#include "actors/auth/auth_wire.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/crypto/sealed_text.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/store/event_entry.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

// What the program itself does to clients.
constexpr std::string_view service_itself = "static/taskcluster/auth";

// Entries of the history are kept so long.
constexpr auto history_time = std::chrono::hours{24 * 365};

resp_writer::joined auth_key(std::string_view name, std::string_view rest = {}) {
  return {stream_key_prefix(auth_stream), name, rest};
}

std::string fresh_token() {
  auto& random = thread_random();
  return make_slugid(random) + make_slugid(random);
}

std::string fresh_nonce() {
  std::string nonce(12, '\0');
  thread_random().fill({reinterpret_cast<std::uint8_t*>(nonce.data()), nonce.size()});
  return nonce;
}

std::string history_of(std::string_view kind, std::string_view id) {
  return std::string{kind} + '/' + std::string{id};
}

}  // namespace

auth_shell::auth_shell(caf::actor_config& config, const stage& where,
                       std::function<void()> successor)
    : auth_actor::base(config),
      stage_(where),
      guard_(where.on, where.board, "auth service", std::move(successor)) {
  guard_.hold();  // until it has read what Redis holds
}

template <class Command>
auto auth_shell::receive(void (auth_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    guard_.run(command, [this, handle](Command& c) { (this->*handle)(c); });
  };
}

auth_shell::behavior_type auth_shell::make_behavior() {
  using self = auth_shell;
  return {
      [this](open_auth&) { guard_.attempt([this] { open(); }); },
      receive<read_auth>(&self::read),
      receive<change_client>(&self::change),
      receive<change_role>(&self::change),
      receive<client_used>(&self::note_use),
      receive<auth_timer_fired>(&self::remove_expired),
  };
}

void auth_shell::on_exit() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  // The successor publishes what was committed.
  for (const auto& waiting : std::exchange(unpublished_, {}))
    refuse(waiting.reply,
           make_api_error(error_code::service_unavailable,
                          "The outcome is unknown; repeating the same call is safe"));
  guard_.hand_back();
  state_ = {};
}

// -- the beginning --------------------------------------------------------------------------------

// One that failed may have committed what is not written yet.
void auth_shell::open() {
  auto self = caf::actor_cast<auth_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self] {
    guard_.attempt([&] {
      resp_writer query;
      query.command("HGETALL", auth_key("clients"));
      query.command("HGETALL", auth_key("roles"));
      stage_.store().query(query, [this, self](std::vector<redis_reply>& replies) {
        if (guard_.attempt([&] { take(replies.at(0), replies.at(1)); }) && published_)
          guard_.release();
      });
    });
  });
}

void auth_shell::take(const redis_reply& clients, const redis_reply& roles) {
  state_ = {};
  auto read = read_clients(clients);
  if (read)
    read = read_roles(roles);
  if (!read)
    return stage_.parts.publish_snapshot(std::move(read).error(), {});
  auto changes = settle_configuration(state_, stage_.parts.auth, stage_.on.now());
  if (!changes)
    return stage_.parts.publish_snapshot(std::move(changes).error(), {});
  if (!changes->empty()) {
    auto& commands = stage_.store().begin_commit();
    for (const auto& change : *changes) {
      write(commands, change);
      apply(state_, change);
    }
    stage_.store().end_commit();
  }
  publish_first();
}

void auth_shell::publish_first() {
  auto made = snapshot_of(state_);
  if (!made)
    return stage_.parts.publish_snapshot(std::move(made).error(), {});
  stage_.parts.publish_snapshot(*made, {});
  published_ = std::move(*made);
  arm_timer();
}

outcome<void> auth_shell::read_clients(const redis_reply& rows) {
  for (std::size_t i = 0; i + 1 < rows.size(); i += 2) {
    const std::string id{text_of(rows.at(i))};
    std::string sealed;
    auto row = read_client_row(text_of(rows.at(i + 1)), sealed);
    if (!row)
      return make_api_error(error_code::internal_server_error,
                            "client '" + id + "' in Redis: " + row.error().message);
    auto token = unseal_text(stage_.parts.auth.token_key, id, sealed);
    if (!token && !row->is_static)
      return make_api_error(
          error_code::internal_server_error,
          "the access token of client '" + id +
              "' was encrypted with another key: bring back the file server-key of the data "
              "directory with which it was made");
    row->access_token = token.value_or("");
    state_.clients.emplace(id, std::move(*row));
  }
  return boost::system::in_place_value;
}

outcome<void> auth_shell::read_roles(const redis_reply& rows) {
  for (std::size_t i = 0; i + 1 < rows.size(); i += 2) {
    const std::string id{text_of(rows.at(i))};
    auto row = read_role_row(text_of(rows.at(i + 1)));
    if (!row)
      return make_api_error(error_code::internal_server_error,
                            "role '" + id + "' in Redis: " + row.error().message);
    state_.roles.emplace(id, std::move(*row));
  }
  state_.expander = expander_of(state_);
  return boost::system::in_place_value;
}

// -- reading --------------------------------------------------------------------------------------

void auth_shell::refuse(const reply_handle& reply, api_error error) {
  stage_.on.deliver(reply, answer{std::move(error)});
}

// Nobody is told of a change that a crash could still undo.
void auth_shell::read(read_auth& question) {
  if (question.what == auth_reading::entity_history ||
      question.what == auth_reading::client_history)
    return read_history(question);
  auto page = read_from(state_, question);
  auto& store = stage_.store();
  if (!page)
    return store.answer(store.last(), question.reply, answer{std::move(page).error()});
  answer result{std::move(page->body)};
  if (page->next)
    result.headers.emplace_back("next-position", std::move(*page->next));
  store.answer(store.last(), question.reply, std::move(result));
}

void auth_shell::read_history(read_auth& question) {
  const bool by_client = question.what == auth_reading::client_history;
  const auto of = by_client ? question.id : history_of(question.kind, question.id);
  const auto first = question.after ? std::stoull(*question.after) : 0ULL;
  const auto oldest = (stage_.on.now() - history_time).ms;
  auto self = caf::actor_cast<auth_actor>(this);
  stage_.store().when_safe(stage_.store().last(), [this, self, by_client, of, first, oldest,
                                                   limit = question.limit, reply = question.reply] {
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

void auth_shell::carry_out(outcome<auth_decision> decided, footprint left,
                           const reply_handle& reply) {
  auto& store = stage_.store();
  if (!decided)
    return store.answer(store.last(), reply, answer{std::move(decided).error()});
  left.event = decided->event;
  left.action = decided->action;
  auto& commands = store.begin_commit();
  if (decided->change)
    write(commands, *decided->change);
  leave(commands, left);
  const auto commit = store.end_commit();
  if (decided->change) {
    apply(state_, *decided->change);
    if (const auto& row = decided->change->client; row && row->delete_on_expiration)
      arm_timer();
  }
  unpublished_.push_back(
      {commit, std::move(decided->change), reply,
       answer{static_cast<std::uint16_t>(decided->status), std::move(decided->reply)}});
  auto self = caf::actor_cast<auth_actor>(this);
  store.when_safe(commit, [this, self, commit] { guard_.attempt([&] { publish(commit); }); });
}

// Within a commit.
void auth_shell::write(resp_writer& commands, const auth_change& change) {
  if (change.is_of_client()) {
    if (change.client)
      commands.command("HSET", auth_key("clients"), change.client_id,
                       write_client_row(*change.client,
                                        seal_text(stage_.parts.auth.token_key, fresh_nonce(),
                                                  change.client_id, change.client->access_token)));
    else
      commands.command("HDEL", auth_key("clients"), change.client_id);
  } else if (change.role) {
    commands.command("HSET", auth_key("roles"), change.role_id, write_role_row(*change.role));
  } else {
    commands.command("HDEL", auth_key("roles"), change.role_id);
  }
}

// The event, and an entry of the histories of who did it and of what it was done to. A batch may
// be sent twice, so entries are told apart by a number that is theirs.
void auth_shell::leave(resp_writer& commands, const footprint& left) {
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
  auto answer_all = [this, self = caf::actor_cast<auth_actor>(this), waiting] {
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
  write(stage_.store().begin_commit(), change);
  stage_.store().end_commit();
  apply(state_, change);
}

void auth_shell::remove_expired(auth_timer_fired&) {
  const auto now = stage_.on.now() - stage_.parts.expiration_delay;
  for (const auto& id : expired_clients(state_, now)) {
    auth_decision made;
    made.event = {};
    made.action = "expired";
    made.change.emplace();
    made.change->client_id = id;
    carry_out(std::move(made), {service_itself, {}, {}, "client", id}, {});
  }
  arm_timer();
}

void auth_shell::on_timer() {
  timer_ = 0;
  stage_.on.executor().post(caf::actor_cast<auth_actor>(this), auth_timer_fired{});
}

void auth_shell::arm_timer() {
  stage_.on.cancel_timer(std::exchange(timer_, 0));
  if (const auto next = next_expiry(state_))
    timer_ = stage_.on.add_timer(*next + stage_.parts.expiration_delay + 1ms, *this);
}

}  // namespace troupe
