// Credentials for other systems (auth contract, section 13). Where a provider is not configured the
// answer is 404, after the scopes were checked.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"

#include "messages/ascii_case.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/providers/gcp_rules.hpp"
#include "runtime/providers/provider_desk.hpp"
#include "runtime/providers/websocktunnel_rules.hpp"

#include <boost/json.hpp>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

constexpr std::string_view no_client = "auth-failed:no-auth";

std::string argument(const request_context& call, std::string_view name) {
  return std::string{call.param(name)};
}

void not_configured(request_context& call, std::string text) {
  call.fail(make_api_error(error_code::resource_not_found, std::move(text)));
}

// Whoever may write may read, too.
bool authorised_for_level(request_context& call) {
  auto allowed =
      call.authorize(json::object{{"levelIsReadOnly", call.param("level") == "read-only"}});
  if (!allowed)
    call.fail(std::move(allowed).error());
  return allowed.has_value();
}

const provider_accounts& accounts(request_context& call) { return call.here().config.providers; }

// The account of Azure that the call is about; without one the call was failed.
const azure_account* azure_account_of(request_context& call, std::string_view text_end = {}) {
  const auto& known = accounts(call).azure;
  const auto found = known.find(call.param("account"));
  if (found != known.end())
    return &found->second;
  not_configured(call, "Account '" + argument(call, "account") +
                           "' not found, can't delegate access" + std::string{text_end});
  return nullptr;
}

void list_azure(request_context& call, azure_kind kind) {
  call.here().providers->azure_listing(
      call.await_answer(), {kind, argument(call, "account"), {}},
      std::string{call.query("continuationToken").value_or(std::string_view{})});
}

// What may only be read is there already, or is not: then the signature is good for nothing.
void give_azure_sas(request_context& call, const azure_account& account, azure_place place) {
  if (call.param("level") == "read-only")
    call.reply(azure_sas_answer(place, account, true, call.now()));
  else
    call.here().providers->azure_sas_to_write(call.await_answer(), std::move(place));
}

}  // namespace

void aws_s3_credentials(request_context& call) {
  if (!authorised_for_level(call))
    return;
  s3_grant grant{argument(call, "bucket"), argument(call, "prefix"),
                 call.param("level") == "read-only"};
  const auto* account = account_of_bucket(accounts(call).aws, grant.bucket);
  if (account == nullptr)
    return not_configured(call, "No credentials available for bucket " + grant.bucket);
  if (grant.prefix.starts_with('/'))
    return call.fail({error_code::input_error,
                      "The `prefix` may not start with a slash `/`; got `{{prefix}}`",
                      {{"prefix", grant.prefix}}});
  const bool for_roles = call.query("format") == "iam-role-compat";
  call.here().providers->aws_credentials(call.await_answer(), *account, std::move(grant),
                                         for_roles);
}

void azure_accounts(request_context& call) {
  json::array names;
  for (const auto& [name, account] : accounts(call).azure)
    names.emplace_back(name);
  call.reply(json::serialize(json::object{{"accounts", std::move(names)}}));
}

void azure_tables(request_context& call) {
  if (azure_account_of(call) != nullptr)
    list_azure(call, azure_kind::table);
}

void azure_table_sas(request_context& call) {
  if (!authorised_for_level(call))
    return;
  if (const auto* account = azure_account_of(call))
    give_azure_sas(call, *account,
                   {azure_kind::table, argument(call, "account"), argument(call, "table")});
}

void azure_containers(request_context& call) {
  if (azure_account_of(call, ".") != nullptr)
    list_azure(call, azure_kind::container);
}

void azure_container_sas(request_context& call) {
  if (!authorised_for_level(call))
    return;
  if (const auto* account = azure_account_of(call, "."))
    give_azure_sas(call, *account,
                   {azure_kind::container, argument(call, "account"), argument(call, "container")});
}

void sentry_dsn(request_context& call) {
  if (!accounts(call).sentry)
    return not_configured(call, "Sentry credentials not found");
  call.here().providers->sentry_dsn(call.await_answer(), argument(call, "project"));
}

void websocktunnel_token(request_context& call) {
  const auto by = call.delegate_authorization();
  if (!by)
    return;
  const auto& secret = accounts(call).websocktunnel_secret;
  if (secret.empty())
    return not_configured(call, "Websocktunnel credentials are not available");
  const tunnel_grant grant{call.param("wstAudience"), call.param("wstClient"),
                           by->authenticated ? std::string_view{by->client_id} : no_client};
  call.reply(websocktunnel_answer(grant, secret, call.now()));
}

void gcp_credentials(request_context& call) {
  const auto& account = accounts(call).gcp;
  if (!account)
    return not_configured(call, "GCP credentials are not available");
  auto service_account = argument(call, "serviceAccount");
  if (auto fine = check_service_account(*account, call.param("projectId"), service_account); !fine)
    return call.fail(std::move(fine).error());
  call.here().providers->gcp_credentials(call.await_answer(), std::move(service_account));
}

void github_repo_token(request_context& call) {
  const auto& body = call.body().as_object();
  json::array wanted;
  for (const auto& repository : body.at("repositories").as_array())
    for (const auto& [permission, level] : body.at("permissions").as_object())
      wanted.emplace_back(lower_case(repository.as_string()) + ':' + std::string{permission} + ':' +
                          std::string{level.as_string()});
  const auto owner = lower_case(argument(call, "owner"));
  const json::object values{{"repoPerms", std::move(wanted)}, {"owner", owner}};
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  auto app = argument(call, "appName");
  if (!accounts(call).github.contains(app))
    return not_configured(call, "Github app with name `" + app + "` is not configured");
  json::array repositories;
  for (const auto& repository : body.at("repositories").as_array())
    repositories.emplace_back(lower_case(repository.as_string()));
  auto wish = json::serialize(json::object{{"repositories", std::move(repositories)},
                                           {"permissions", body.at("permissions")}});
  call.here().providers->github_token(call.await_answer(),
                                      {std::move(app), owner, std::move(wish)});
}

}  // namespace troupe::handlers
