#include "runtime/providers/github_rules.hpp"

#include "messages/ascii_case.hpp"
#include "messages/json_members.hpp"
#include "runtime/crypto/json_web_token.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/providers/provider_answers.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace troupe {

namespace json = boost::json;

namespace {

// The clock of GitHub may be a minute behind; a token may last ten minutes.
std::string app_token(const github_app& app, timestamp now) {
  const auto now_s = now.ms / 1000;
  const json::object claims{{"iat", now_s - 60}, {"exp", now_s + 540}, {"iss", app.id}};
  return json_web_token(json::serialize(claims), *rsa_signing_key::read(app.private_key));
}

web_request request(const github_app& app, std::string verb, std::string target, timestamp now) {
  return {std::move(verb),
          app.endpoint,
          std::move(target),
          {{"Authorization", "Bearer " + app_token(app, now)},
           {"Accept", "application/vnd.github+json"},
           {"X-GitHub-Api-Version", "2022-11-28"}}};
}

std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t value = 0;
  const auto* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, value);
  if (text.empty() || read.ec != std::errc{} || read.ptr != end || value < 0)
    return std::nullopt;
  return value;
}

bool is_rate_limit(const web_answer& answer) {
  if (answer.status == 429)
    return true;
  return answer.status == 403 &&
         (!answer.header("retry-after").empty() || answer.header("x-ratelimit-remaining") == "0" ||
          lower_case(answer.body).find("secondary rate") != std::string::npos);
}

// All but what the methods treat on their own.
api_error github_failure(const web_answer& answer) {
  const auto said = text_of(json_body(answer), "message");
  if (is_rate_limit(answer)) {
    auto error = make_api_error(error_code::too_many_requests,
                                "Github limits how often it may be asked; try again later");
    if (const auto wait = seconds_of(answer.header("retry-after")))
      error.details["retryAfter"] = *wait;
    return error;
  }
  if (answer.status == 403)
    return make_api_error(error_code::internal_server_error, "Github refused with 403: " + said);
  return said.empty() ? provider_failure("Github", answer)
                      : provider_failure("Github", std::to_string(answer.status) + ": " + said);
}

}  // namespace

web_request github_installation_request(const github_app& app, std::string_view owner,
                                        bool of_person, timestamp now) {
  const std::string kind = of_person ? "/users/" : "/orgs/";
  return request(app, "GET", kind + percent_encoded(owner) + "/installation", now);
}

outcome<std::optional<github_installation>> github_found_installation(const web_answer& answer) {
  if (answer.status == 404)
    return std::optional<github_installation>{};
  if (!answer.fine())
    return github_failure(answer);
  const auto body = json_body(answer);
  const auto* members = body.if_object();
  const auto* id = members == nullptr ? nullptr : members->if_contains("id");
  if (id == nullptr || !id->is_int64())
    return provider_failure("Github", "its answer is no installation");
  github_installation found{id->get_int64(), {}};
  if (const auto* account = members->if_contains("account"))
    found.owner = lower_case(text_of(*account, "login"));
  return std::optional{std::move(found)};
}

outcome<void> check_installation(const github_installation& found, std::string_view owner) {
  if (found.owner == owner)
    return boost::system::in_place_value;
  if (found.owner.empty())
    return make_api_error(
        error_code::input_error,
        "Github does not say whose the installation at `" + std::string{owner} + "` is");
  return make_api_error(error_code::input_error, "Github knows `" + std::string{owner} + "` as `" +
                                                     found.owner + "`: ask by that name");
}

web_request github_token_request(const github_app& app, std::int64_t installation,
                                 std::string wanted, timestamp now) {
  auto made = request(app, "POST",
                      "/app/installations/" + std::to_string(installation) + "/access_tokens", now);
  made.headers.emplace_back("Content-Type", "application/json");
  made.body = std::move(wanted);
  return made;
}

outcome<std::string> github_token_answer(const web_answer& answer) {
  const auto body = json_body(answer);
  if (answer.status == 422) {
    api_error error{error_code::input_error, "Github rejected the request: {{said}}", {}};
    error.details["said"] = text_of(body, "message");
    return error;
  }
  if (!answer.fine())
    return github_failure(answer);
  const auto token = text_of(body, "token");
  const auto expires = parse_date_time(text_of(body, "expires_at"));
  if (token.empty() || !expires)
    return provider_failure("Github", "its answer is no token");
  return json::serialize(json::object{{"token", token}, {"expires", to_iso(*expires)}});
}

api_error github_not_installed(std::string_view app_name, std::string_view owner) {
  return make_api_error(error_code::resource_not_found,
                        "Application with name `" + std::string{app_name} +
                            "` is not installed on `" + std::string{owner} + "`");
}

}  // namespace troupe
