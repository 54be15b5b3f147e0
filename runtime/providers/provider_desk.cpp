#include "runtime/providers/provider_desk.hpp"

#include "messages/answer.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/log/log.hpp"
#include "runtime/providers/gcp_rules.hpp"
#include "runtime/providers/sentry_rules.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

// g++ 12 takes the frame of a coroutine that it inlines for one that is freed by another allocator.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace troupe {

namespace asio = boost::asio;

// As TROUPE_TRY, in a coroutine.
#define TROUPE_CO_TRY(declaration, expression)                         \
  auto TROUPE_CONCAT(troupe_try_, __LINE__) = (expression);            \
  if (!TROUPE_CONCAT(troupe_try_, __LINE__))                           \
    co_return std::move(TROUPE_CONCAT(troupe_try_, __LINE__)).error(); \
  declaration = std::move(*TROUPE_CONCAT(troupe_try_, __LINE__))

namespace {

using namespace std::chrono_literals;

constexpr auto azure_lasts = 6h;
constexpr auto installation_lasts = 1h;
constexpr auto between_deletions = 24h;
// Neither memory grows without end, whatever is asked for.
constexpr std::size_t most_remembered = 10000;

template <class Map>
void make_room(Map& in) {
  if (in.size() >= most_remembered)
    in.clear();
}

}  // namespace

provider_desk::provider_desk(lane& on, const provider_accounts& accounts)
    : on_(on), accounts_(accounts), client_(on.io()) {}

void provider_desk::answer(const reply_handle& to, work make) {
  on_.post([this, to, make = std::move(make)] {
    asio::co_spawn(
        on_.io(), make(), [this, to](const std::exception_ptr& thrown, outcome<std::string> made) {
          if (thrown)
            made = make_api_error(error_code::internal_server_error, "making credentials failed");
          on_.post([this, to, made = std::move(made)]() mutable {
            on_.deliver(to, made ? troupe::answer{std::move(*made)}
                                 : troupe::answer{std::move(made).error()});
          });
        });
  });
}

provider_desk::later<web_answer> provider_desk::ask(web_request request) {
  return client_.exchange(std::move(request));
}

void provider_desk::aws_credentials(const reply_handle& to, const aws_account& account,
                                    s3_grant grant, bool for_roles) {
  answer(to, [this, &account, grant = std::move(grant), for_roles] {
    return make_aws(account, grant, for_roles);
  });
}

provider_desk::later<std::string> provider_desk::make_aws(const aws_account& account,
                                                          s3_grant grant, bool for_roles) {
  TROUPE_CO_TRY(const auto told, co_await ask(federation_request(account, grant, on_.now())));
  co_return federation_answer(told, for_roles, on_.now());
}

void provider_desk::azure_listing(const reply_handle& to, azure_place place,
                                  std::string continuation) {
  answer(to, [this, place = std::move(place), continuation = std::move(continuation)] {
    return list_azure(place, continuation);
  });
}

provider_desk::later<std::string> provider_desk::list_azure(azure_place place,
                                                            std::string continuation) {
  const auto& account = accounts_.azure.at(place.account);
  TROUPE_CO_TRY(const auto told,
                co_await ask(troupe::azure_listing(place, account, continuation, on_.now())));
  co_return azure_listing_answer(place.kind, told);
}

void provider_desk::azure_sas_to_write(const reply_handle& to, azure_place place) {
  answer(to, [this, place = std::move(place)] { return make_azure(place); });
}

provider_desk::later<std::string> provider_desk::make_azure(azure_place place) {
  const auto& account = accounts_.azure.at(place.account);
  const auto name = (place.kind == azure_kind::table ? "table " : "container ") + place.account +
                    " " + place.name;
  const auto known = azure_made_.find(name);
  if (known == azure_made_.end() || known->second + azure_lasts <= on_.now()) {
    TROUPE_CO_TRY(const auto told, co_await ask(azure_creation(place, account, on_.now())));
    if (auto made = azure_created(told); !made)
      co_return std::move(made).error();
    make_room(azure_made_);
    azure_made_[name] = on_.now();
  }
  co_return azure_sas_answer(place, account, false, on_.now());
}

void provider_desk::sentry_dsn(const reply_handle& to, std::string project) {
  answer(to, [this, project = std::move(project)] { return make_sentry(project); });
}

provider_desk::later<std::string> provider_desk::make_sentry(std::string project) {
  const auto& account = *accounts_.sentry;
  TROUPE_CO_TRY(auto told, co_await ask(sentry_list_keys(account, project)));
  if (told.status == 404) {
    TROUPE_CO_TRY(const auto made, co_await ask(sentry_make_project(account, project)));
    // Somebody else may have made it meanwhile.
    if (!made.fine() && made.status != 409)
      co_return sentry_failure(made);
  } else {
    TROUPE_CO_TRY(const auto keys, sentry_keys(account, told));
    if (const auto* key = reusable_key(keys, on_.now()))
      co_return sentry_answer(project, *key);
  }
  const auto end = sentry_key_end(on_.now());
  TROUPE_CO_TRY(const auto made, co_await ask(sentry_make_key(account, project, end)));
  TROUPE_CO_TRY(const auto key, sentry_made_key(account, made));
  co_return sentry_answer(project, key);
}

void provider_desk::gcp_credentials(const reply_handle& to, std::string service_account) {
  answer(to, [this, of = std::move(service_account)] { return make_gcp(of); });
}

provider_desk::later<std::string> provider_desk::make_gcp(std::string service_account) {
  const auto& account = *accounts_.gcp;
  TROUPE_CO_TRY(const auto first, co_await ask(gcp_own_token_request(account, on_.now())));
  TROUPE_CO_TRY(const auto own, gcp_own_token(first));
  TROUPE_CO_TRY(const auto told, co_await ask(gcp_token_request(account, service_account, own)));
  co_return gcp_token_answer(told);
}

void provider_desk::github_token(const reply_handle& to, github_wish wish) {
  answer(to, [this, wish = std::move(wish)] { return make_github(wish); });
}

provider_desk::later<github_installation> provider_desk::find_installation(
    const github_app& app, const github_wish& wish) {
  const auto key = wish.app + "/" + wish.owner;
  if (const auto known = github_installations_.find(key);
      known != github_installations_.end() && known->second.until > on_.now())
    co_return known->second.found;
  for (const bool of_person : {false, true}) {
    TROUPE_CO_TRY(const auto told,
                  co_await ask(github_installation_request(app, wish.owner, of_person, on_.now())));
    TROUPE_CO_TRY(const auto found, github_found_installation(told));
    if (!found)
      continue;
    make_room(github_installations_);
    github_installations_[key] = {*found, on_.now() + installation_lasts};
    co_return *found;
  }
  co_return github_not_installed(wish.app, wish.owner);
}

provider_desk::later<std::string> provider_desk::make_github(github_wish wish) {
  const auto& app = accounts_.github.at(wish.app);
  TROUPE_CO_TRY(const auto installation, co_await find_installation(app, wish));
  if (auto fine = check_installation(installation, wish.owner); !fine) {
    github_installations_.erase(wish.app + "/" + wish.owner);
    co_return std::move(fine).error();
  }
  TROUPE_CO_TRY(const auto told,
                co_await ask(github_token_request(app, installation.id, wish.body, on_.now())));
  if (told.status == 404) {
    github_installations_.erase(wish.app + "/" + wish.owner);
    co_return github_not_installed(wish.app, wish.owner);
  }
  co_return github_token_answer(told);
}

void provider_desk::delete_old_sentry_keys(timestamp as_of, teller done) {
  on_.post([this, as_of, done = std::move(done)] {
    if (!accounts_.sentry)
      return done(std::uint64_t{0});
    asio::co_spawn(on_.io(), delete_sentry_keys(as_of),
                   [done](const std::exception_ptr& thrown, outcome<std::uint64_t> removed) {
                     if (thrown)
                       removed = make_api_error(error_code::internal_server_error,
                                                "deleting keys of Sentry failed");
                     done(std::move(removed));
                   });
  });
}

provider_desk::later<std::uint64_t> provider_desk::delete_sentry_keys(timestamp as_of) {
  const auto& account = *accounts_.sentry;
  std::uint64_t removed = 0;
  auto page = sentry_list_projects(account);
  for (;;) {
    TROUPE_CO_TRY(const auto told, co_await ask(page));
    TROUPE_CO_TRY(const auto projects, sentry_projects(told));
    for (const auto& project : projects) {
      TROUPE_CO_TRY(const auto here, co_await delete_sentry_keys_of(project, as_of));
      removed += here;
    }
    page.target = sentry_next_page(account, told);
    if (page.target.empty())
      co_return removed;
  }
}

provider_desk::later<std::uint64_t> provider_desk::delete_sentry_keys_of(std::string project,
                                                                         timestamp as_of) {
  const auto& account = *accounts_.sentry;
  TROUPE_CO_TRY(const auto told, co_await ask(sentry_list_keys(account, project)));
  TROUPE_CO_TRY(const auto keys, sentry_keys(account, told));
  std::uint64_t removed = 0;
  for (const auto& key : keys) {
    if (!sentry_key_is_over(key, as_of))
      continue;
    TROUPE_CO_TRY(const auto gone, co_await ask(sentry_delete_key(account, project, key.id)));
    if (!gone.fine() && gone.status != 404)
      co_return sentry_failure(gone);
    ++removed;
  }
  co_return removed;
}

void provider_desk::start() {
  if (accounts_.sentry)
    on_.post([this] { on_timer(); });
}

void provider_desk::on_timer() {
  on_.add_timer(on_.now() + between_deletions, *this);
  delete_old_sentry_keys(on_.now(), [](const outcome<std::uint64_t>& removed) {
    if (!removed)
      log_message(severity::warning,
                  "old keys of Sentry stay until tomorrow: " + removed.error().message);
  });
}

#undef TROUPE_CO_TRY

}  // namespace troupe
