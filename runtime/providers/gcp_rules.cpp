#include "runtime/providers/gcp_rules.hpp"

#include "messages/json_members.hpp"
#include "runtime/crypto/json_web_token.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/providers/provider_answers.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view cloud_scope = "https://www.googleapis.com/auth/cloud-platform";

}  // namespace

outcome<void> check_service_account(const gcp_account& account, std::string_view project,
                                    std::string_view service_account) {
  if (std::find(account.allowed.begin(), account.allowed.end(), service_account) ==
      account.allowed.end())
    return make_api_error(error_code::invalid_request_arguments,
                          "The service account " + std::string{service_account} + " isn't allowed");
  if (project != account.project)
    return make_api_error(error_code::resource_not_found,
                          "The projectId " + std::string{project} + " is not configured");
  return boost::system::in_place_value;
}

web_request gcp_own_token_request(const gcp_account& account, timestamp now) {
  const auto now_s = now.ms / 1000;
  const json::object claims{{"iss", account.email},
                            {"scope", cloud_scope},
                            {"aud", account.token_endpoint},
                            {"iat", now_s},
                            {"exp", now_s + 3600}};
  const auto key = rsa_signing_key::read(account.private_key);
  std::string body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  body += json_web_token(json::serialize(claims), *key, account.key_id);
  return {"POST",
          account.token_endpoint,
          "",
          {{"Content-Type", "application/x-www-form-urlencoded"}},
          std::move(body)};
}

outcome<std::string> gcp_own_token(const web_answer& answer) {
  const auto body = json_body(answer);
  if (auto token = text_of(body, "access_token"); answer.fine() && !token.empty())
    return token;
  const auto said = text_of(body, "error_description");
  return said.empty() ? provider_failure("Google", answer) : provider_failure("Google", said);
}

web_request gcp_token_request(const gcp_account& account, std::string_view service_account,
                              std::string_view own_token) {
  return {
      "POST",
      account.iam_endpoint,
      "/v1/projects/-/serviceAccounts/" + percent_encoded(service_account) + ":generateAccessToken",
      {{"Authorization", "Bearer " + std::string{own_token}}, {"Content-Type", "application/json"}},
      json::serialize(json::object{{"delegates", json::array{}},
                                   {"scope", json::array{cloud_scope}},
                                   {"lifetime", "3600s"}})};
}

outcome<std::string> gcp_token_answer(const web_answer& answer) {
  const auto body = json_body(answer);
  const auto token = text_of(body, "accessToken");
  const auto expires = text_of(body, "expireTime");
  if (answer.fine() && !token.empty() && !expires.empty())
    return json::serialize(json::object{{"accessToken", token}, {"expireTime", expires}});
  std::string said;
  if (const auto* members = body.if_object())
    if (const auto* error = members->if_contains("error"))
      said = text_of(*error, "message");
  auto failure = said.empty() ? provider_failure("Google", answer)
                              : api_error{{}, "{{said}}", {{"said", said}}};
  failure.code = error_code::resource_not_found;
  return failure;
}

}  // namespace troupe
