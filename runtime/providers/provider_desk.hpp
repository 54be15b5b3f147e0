#pragma once

#include "messages/api_error.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"
#include "runtime/config/provider_accounts.hpp"
#include "runtime/lane/timer_wheel.hpp"
#include "runtime/providers/aws_rules.hpp"
#include "runtime/providers/azure_rules.hpp"
#include "runtime/providers/github_rules.hpp"
#include "runtime/web/web_client.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace troupe {

class lane;

/// What a token for repositories of GitHub is wanted for.
struct github_wish {
  std::string app;
  std::string owner;  ///< lower case
  std::string body;   ///< JSON with repositories and permissions, as GitHub takes it
};

/// Asks other systems for credentials. Lives on one lane, whose requests to them wait there without
/// holding up anything; each answer goes to the handle of whoever asked. Everything asked for must
/// be configured.
class provider_desk final : public timer_target {
 public:
  using teller = std::function<void(outcome<std::uint64_t>)>;

  /// `accounts` outlive it.
  provider_desk(lane& on, const provider_accounts& accounts);

  // From any thread.

  void aws_credentials(const reply_handle& to, const aws_account& account, s3_grant grant,
                       bool for_roles);
  void azure_listing(const reply_handle& to, azure_place place, std::string continuation);
  /// Makes the place first, unless that was done in the last six hours.
  void azure_sas_to_write(const reply_handle& to, azure_place place);
  void sentry_dsn(const reply_handle& to, std::string project);
  void gcp_credentials(const reply_handle& to, std::string service_account);
  void github_token(const reply_handle& to, github_wish wish);

  /// Deletes keys of Sentry that ended 15 minutes before this time; tells how many there were. It
  /// is none when Sentry is not configured. `done` is called on the desk's lane.
  void delete_old_sentry_keys(timestamp as_of, teller done);

  /// Begins to do that every day.
  void start();

  void on_timer() override;

 private:
  template <class T>
  using later = boost::asio::awaitable<outcome<T>>;
  using work = std::function<later<std::string>()>;

  void answer(const reply_handle& to, work make);
  later<web_answer> ask(web_request request);

  later<std::string> make_aws(const aws_account& account, s3_grant grant, bool for_roles);
  later<std::string> list_azure(azure_place place, std::string continuation);
  later<std::string> make_azure(azure_place place);
  later<std::string> make_sentry(std::string project);
  later<std::uint64_t> delete_sentry_keys(timestamp as_of);
  later<std::uint64_t> delete_sentry_keys_of(std::string project, timestamp as_of);
  later<std::string> make_gcp(std::string service_account);
  later<std::string> make_github(github_wish wish);
  later<github_installation> find_installation(const github_app& app, const github_wish& wish);

  struct known_installation {
    github_installation found;
    timestamp until;
  };

  lane& on_;
  const provider_accounts& accounts_;
  web_client client_;
  std::map<std::string, timestamp> azure_made_;  // when, by kind, account and name
  std::map<std::string, known_installation> github_installations_;  // by app and owner
};

}  // namespace troupe
