#include "actors/auth/auth_rules.hpp"

#include "actors/auth/auth_wire.hpp"
#include "messages/caller.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>

using namespace troupe;

namespace {

constexpr timestamp now{1'764'000'000'000};
const std::string token(44, 't');

auth_client some_client(std::string id, scope_list scopes = {"a:b"}) {
  return {{std::move(id), token, std::move(scopes), timestamp{4'000'000'000'000}, false, {}},
          "of a test"};
}

caller_ptr holder_of(scope_list scopes) {
  auto made = std::make_shared<caller>();
  made->client_id = "test/holder";
  made->scopes = std::make_shared<const scope_set>(std::move(scopes));
  made->authenticated = true;
  return made;
}

auth_state opened(const auth_setup& setup) {
  auth_state state;
  const auto changes = settle_configuration(state, setup, now);
  REQUIRE(changes.has_value());
  for (const auto& change : *changes)
    apply(state, change);
  return state;
}

change_client about_client(client_action what, std::string id, scope_list scopes = {},
                           caller_ptr by = holder_of({"*"})) {
  change_client command{what, std::move(id), std::move(by), {}, {}};
  command.form.scopes = std::move(scopes);
  command.form.expires = now + std::chrono::hours{1};
  return command;
}

change_role about_role(role_action what, std::string id, scope_list scopes = {},
                       caller_ptr by = holder_of({"*"})) {
  return {what, std::move(id), std::move(by), std::move(scopes), {}, {}};
}

template <class Decided>
void carry_out(auth_state& state, const Decided& decided) {
  if (decided && decided->change)
    apply(state, *decided->change);
}

}  // namespace

TEST_CASE("STC-1 clients follow the configuration from start to start") {
  auth_setup setup;
  setup.static_clients = {some_client("static/taskcluster/root", {"*"}),
                          some_client("static/ci", {"queue:ping"})};
  auto state = opened(setup);
  CHECK(state.clients.at("static/ci").is_static);
  CHECK(state.clients.at("static/ci").description.starts_with("of a test\n---\n"));
  const auto snapshot = snapshot_of(state);
  REQUIRE(snapshot.has_value());
  CHECK((*snapshot)->find("static/ci")->expanded()->list() == scope_list{"queue:ping"});
  CHECK(settle_configuration(state, setup, now + std::chrono::hours{1})->empty());
  setup.static_clients.back().record.scopes = {"queue:other"};
  const auto later = now + std::chrono::hours{1};
  for (const auto& change : *settle_configuration(state, setup, later))
    apply(state, change);
  CHECK(state.clients.at("static/ci").created == now);
  CHECK(state.clients.at("static/ci").last_modified == later);
  setup.static_clients.pop_back();
  for (const auto& change : *settle_configuration(state, setup, later))
    apply(state, change);
  CHECK_FALSE(state.clients.contains("static/ci"));
}

TEST_CASE("STC-1 the clients of the program are all there, with the scopes it fixes") {
  auth_setup setup;
  setup.token_of = [](std::string_view) { return token; };
  const auto state = opened(setup);
  CHECK(state.clients.size() == 12);
  CHECK(state.clients.at("static/taskcluster/root").scopes == scope_list{"*"});
  CHECK(state.clients.at("static/taskcluster/secrets").scopes.empty());
  const auto message_of = [](auth_client client) {
    auth_setup bad;
    bad.static_clients = {std::move(client)};
    const auto refused = settle_configuration({}, bad, now);
    return refused ? std::string{} : refused.error().message;
  };
  CHECK(message_of(some_client("static/taskcluster/queue", {"x"})).find("are not allowed") !=
        std::string::npos);
  CHECK(message_of(some_client("static/taskcluster/foo")).find("extra clients") !=
        std::string::npos);
  CHECK(message_of(some_client("ci")).find("must begin with static/") != std::string::npos);
}

TEST_CASE("bad configuration is named in a line") {
  auth_setup twice;
  twice.static_clients = {some_client("static/ci"), some_client("static/ci")};
  const auto refused = settle_configuration({}, twice, now);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message.find("'static/ci' is given twice") != std::string::npos);
  auth_setup starred;
  starred.static_clients = {some_client("static/ci", {"a:**"})};
  const auto snapshot = snapshot_of(opened(starred));
  REQUIRE_FALSE(snapshot.has_value());
  CHECK(snapshot.error().message.find("static/ci") != std::string::npos);
}

TEST_CASE("everybody may do what the configuration says, until the API says otherwise") {
  auth_setup setup;
  setup.anonymous_scopes = {"queue:status:*"};
  auto state = opened(setup);
  const auto snapshot = *snapshot_of(state);
  const auto& may = snapshot->anonymous()->list();
  CHECK(std::find(may.begin(), may.end(), "queue:status:*") != may.end());
  carry_out(state, decide(state, about_role(role_action::update, "anonymous", {"other"}), now));
  CHECK(settle_configuration(state, setup, now)->empty());
  CHECK(state.roles.at("anonymous").scopes == scope_list{"other"});
}

TEST_CASE("CLI-3 CLI-9 times of a client increase even when the clock stands still") {
  auth_state state;
  carry_out(state, decide(state, about_client(client_action::create, "c", {"b", "a"}), now, token));
  const auto made = state.clients.at("c");
  const auto same =
      decide(state, about_client(client_action::create, "c", {"b", "a"}), now, "other");
  REQUIRE(same.has_value());
  CHECK_FALSE(same->change);
  CHECK(same->reply.find(token) != std::string::npos);
  const auto swapped =
      decide(state, about_client(client_action::create, "c", {"a", "b"}), now, token);
  REQUIRE_FALSE(swapped.has_value());
  CHECK(swapped.error().code == error_code::request_conflict);
  carry_out(state, decide(state, about_client(client_action::disable, "c"), now, token));
  CHECK(state.clients.at("c").last_modified > made.last_modified);
  carry_out(state, decide(state, about_client(client_action::reset, "c"), now, "new"));
  CHECK(state.clients.at("c").last_rotated == state.clients.at("c").last_modified);
  CHECK(state.clients.at("c").access_token == "new");
}

TEST_CASE("CLI-13 whoever updates a client needs only the scopes that are not there literally") {
  auth_state state;
  carry_out(state,
            decide(state, about_client(client_action::create, "c", {"k:*", "l"}), now, token));
  const auto by = holder_of({"auth:update-client:c", "m"});
  const auto allowed = [&](scope_list scopes) {
    return decide(state, about_client(client_action::update, "c", std::move(scopes), by), now,
                  token)
        .has_value();
  };
  CHECK(allowed({"k:*", "m"}));
  CHECK(allowed({}));
  CHECK_FALSE(allowed({"k:1"}));
  const auto refused =
      decide(state, about_client(client_action::update, "c", {}, holder_of({"m"})), now, token);
  CHECK_FALSE(refused.has_value());
}

TEST_CASE("CLI-12 only clients that ask for it are removed when they expired") {
  auth_state state;
  for (const auto* id : {"asks", "stays"}) {
    auto command = about_client(client_action::create, id);
    command.form.expires = now - std::chrono::hours{1};
    command.form.delete_on_expiration = std::string_view{id} == "asks";
    carry_out(state, decide(state, command, now, token));
  }
  CHECK(expired_clients(state, now) == std::vector<std::string>{"asks"});
  CHECK(next_expiry(state) == now - std::chrono::hours{1});
}

TEST_CASE("CLI-12 the order in which clients expire is that of their rows, whatever changed") {
  CHECK(rc::check([] {
    auth_state state;
    const auto steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
      auth_change change;
      change.client_id = std::string(1, *rc::gen::inRange('a', 'f'));
      if (*rc::gen::arbitrary<bool>()) {
        change.client.emplace();
        change.client->expires = now + std::chrono::seconds{*rc::gen::inRange(0, 4)};
        change.client->delete_on_expiration = *rc::gen::arbitrary<bool>();
      }
      apply(state, change);
      std::vector<std::string> due;
      for (const auto& [id, row] : state.clients)
        if (row.delete_on_expiration && row.expires < now + std::chrono::seconds{2})
          due.push_back(id);
      auto expired = expired_clients(state, now + std::chrono::seconds{2});
      std::sort(expired.begin(), expired.end());
      RC_ASSERT(expired == due);
    }
  }));
}

TEST_CASE("rows come back as they were written") {
  CHECK(rc::check([] {
    client_row row;
    row.description = *rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    row.scopes = *rc::gen::container<scope_list>(
        rc::gen::container<std::string>(rc::gen::inRange<char>(' ', 127)));
    row.expires = timestamp{*rc::gen::inRange<std::int64_t>(0, 253'402'300'799'999)};
    row.created = row.last_modified = row.last_rotated = row.last_used = now;
    row.disabled = *rc::gen::arbitrary<bool>();
    row.delete_on_expiration = *rc::gen::arbitrary<bool>();
    row.is_static = *rc::gen::arbitrary<bool>();
    std::string sealed;
    const auto read = read_client_row(write_client_row(row, "1:abc"), sealed);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == row);
    RC_ASSERT(sealed == "1:abc");
  }));
}

TEST_CASE("a snapshot after any changes is the one that is made of the rows") {
  CHECK(rc::check([] {
    const scope_list pool{"assume:r1", "assume:r2", "assume:anonymous", "assume:p:x", "s:1",
                          "s:*",       "t"};
    const std::vector<std::string> clients{"c1", "c2", "c3"};
    const std::vector<std::string> roles{"r1", "r2", "p:*", "anonymous"};
    auth_state state;
    auto snapshot = *snapshot_of(state);
    const auto steps = *rc::gen::inRange(0, 30);
    std::vector<auth_change> batch;
    for (int step = 0; step < steps; ++step) {
      scope_list scopes;
      for (const auto& scope : pool)
        if (*rc::gen::inRange(0, 3) == 0)
          scopes.push_back(scope);
      const bool of_client = *rc::gen::arbitrary<bool>();
      const auto what = *rc::gen::inRange(0, 3);
      const auto decided =
          of_client
              ? decide(
                    state,
                    about_client(std::array{client_action::create, client_action::update,
                                            client_action::remove}[static_cast<std::size_t>(what)],
                                 *rc::gen::elementOf(clients), scopes),
                    now, token)
              : decide(
                    state,
                    about_role(static_cast<role_action>(what), *rc::gen::elementOf(roles), scopes),
                    now);
      if (decided && decided->change) {
        apply(state, *decided->change);
        batch.push_back(*decided->change);
      }
      if (*rc::gen::arbitrary<bool>() || step + 1 == steps) {
        std::vector<const auth_change*> changes;
        for (const auto& change : batch)
          changes.push_back(&change);
        snapshot = snapshot_after(snapshot, changes);
        batch.clear();
        // Some are asked for on the way, and must not stay as they were then.
        for (const auto& id : clients)
          if (const auto* known = snapshot->find(id); known && *rc::gen::arbitrary<bool>())
            known->expanded();
      }
    }
    const auto rebuilt = *snapshot_of(state);
    RC_ASSERT(snapshot->anonymous()->list() == rebuilt->anonymous()->list());
    for (const auto& id : clients) {
      const auto* a = snapshot->find(id);
      const auto* b = rebuilt->find(id);
      RC_ASSERT((a == nullptr) == (b == nullptr));
      if (a == nullptr)
        continue;
      RC_ASSERT(a->expanded()->list() == b->expanded()->list());
      RC_ASSERT(a->with_anonymous()->list() == b->with_anonymous()->list());
    }
  }));
}
