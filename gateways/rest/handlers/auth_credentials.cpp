// Credentials for other systems (auth contract, section 13). Where a provider is not configured the
// answer is 404, after the scopes were checked.

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/crypto/web_token.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

constexpr std::chrono::hours tunnel_token_lasts{96};
constexpr std::chrono::minutes tunnel_clock_skew{15};

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

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

}  // namespace

void aws_s3_credentials(request_context& call) {
  if (authorised_for_level(call))
    not_configured(call, "No credentials available for bucket " + argument(call, "bucket"));
}

void azure_accounts(request_context& call) { call.reply(R"({"accounts":[]})"); }

void azure_tables(request_context& call) {
  not_configured(call,
                 "Account '" + argument(call, "account") + "' not found, can't delegate access");
}

void azure_table_sas(request_context& call) {
  if (authorised_for_level(call))
    azure_tables(call);
}

void azure_containers(request_context& call) {
  not_configured(call,
                 "Account '" + argument(call, "account") + "' not found, can't delegate access.");
}

void azure_container_sas(request_context& call) {
  if (authorised_for_level(call))
    azure_containers(call);
}

void sentry_dsn(request_context& call) { not_configured(call, "Sentry credentials not found"); }

void websocktunnel_token(request_context& call) {
  const auto& secret = call.here().config.websocktunnel_secret;
  if (secret.empty())
    return not_configured(call, "Websocktunnel credentials are not available");
  const auto by = call.delegate_authorization();
  if (by == nullptr)
    return;
  const auto client = argument(call, "wstClient");
  const auto audience = argument(call, "wstAudience");
  const auto issued_s = call.now().ms / 1000;
  const auto ends_s = issued_s + std::chrono::seconds{tunnel_token_lasts}.count();
  // Clocks of tunnels may be behind.
  const auto from_s = issued_s - std::chrono::seconds{tunnel_clock_skew}.count();
  const json::object claims{
      {"tid", client}, {"aud", audience}, {"sub", by->client_id},     {"iat", issued_s},
      {"exp", ends_s}, {"nbf", from_s},   {"iss", "taskcluster-auth"}};
  call.reply(json::serialize(json::object{{"wstClient", client},
                                          {"wstAudience", audience},
                                          {"token", sign_web_token(claims, secret)},
                                          {"expires", to_iso(timestamp{ends_s * 1000})}}));
}

void gcp_credentials(request_context& call) {
  not_configured(call, "GCP credentials are not available");
}

void github_repo_token(request_context& call) {
  const auto& body = call.body().as_object();
  json::array wanted;
  for (const auto& repository : body.at("repositories").as_array())
    for (const auto& [permission, level] : body.at("permissions").as_object())
      wanted.emplace_back(lower(std::string{repository.as_string()}) + ':' +
                          std::string{permission} + ':' + std::string{level.as_string()});
  const auto owner = lower(argument(call, "owner"));
  const json::object values{{"repoPerms", std::move(wanted)}, {"owner", owner}};
  if (auto allowed = call.authorize(values); !allowed)
    return call.fail(std::move(allowed).error());
  not_configured(call,
                 "Github app with name `" + argument(call, "appName") + "` is not configured");
}

}  // namespace troupe::handlers
