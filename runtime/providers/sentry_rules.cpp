#include "runtime/providers/sentry_rules.hpp"

#include "messages/json_members.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/providers/provider_answers.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr auto key_lasts = 48h;
constexpr auto must_still_last = 25h;
constexpr auto grace = 15min;
constexpr std::string_view label_begin = " managed (expires-at:";

web_request request(const sentry_account& account, std::string verb, std::string target,
                    const json::object& body = {}) {
  web_request made{std::move(verb), account.endpoint, "/api/0" + std::move(target)};
  made.headers.emplace_back("Authorization", "Bearer " + account.token);
  made.headers.emplace_back("Accept", "application/json");
  if (!body.empty()) {
    made.headers.emplace_back("Content-Type", "application/json");
    made.body = json::serialize(body);
  }
  return made;
}

std::string keys_of(const sentry_account& account, std::string_view project) {
  return "/projects/" + percent_encoded(account.organization) + "/" + percent_encoded(project) +
         "/keys/";
}

std::optional<sentry_key> key_of(const sentry_account& account, const json::value& from) {
  const auto expires = sentry_expiry(account.key_prefix, text_of(from, "label"));
  const auto* dsn = from.is_object() ? from.get_object().if_contains("dsn") : nullptr;
  if (!expires || dsn == nullptr)
    return std::nullopt;
  sentry_key key{text_of(from, "id"), text_of(*dsn, "secret"), text_of(*dsn, "public"), *expires};
  if (key.id.empty() || key.secret_dsn.empty() || key.public_dsn.empty())
    return std::nullopt;
  return key;
}

}  // namespace

std::string sentry_label(std::string_view prefix, timestamp expires) {
  return std::string{prefix} + std::string{label_begin} + to_iso(expires) + ")";
}

std::optional<timestamp> sentry_expiry(std::string_view prefix, std::string_view label) {
  if (!label.starts_with(prefix) || !label.ends_with(')'))
    return std::nullopt;
  label.remove_prefix(prefix.size());
  if (!label.starts_with(label_begin))
    return std::nullopt;
  label.remove_prefix(label_begin.size());
  label.remove_suffix(1);
  return parse_date_time(label);
}

timestamp sentry_key_end(timestamp now) { return now + key_lasts; }

web_request sentry_list_keys(const sentry_account& account, std::string_view project) {
  return request(account, "GET", keys_of(account, project));
}

web_request sentry_make_project(const sentry_account& account, std::string_view project) {
  return request(account, "POST",
                 "/teams/" + percent_encoded(account.organization) + "/" +
                     percent_encoded(account.team) + "/projects/",
                 {{"name", project}, {"slug", project}});
}

web_request sentry_make_key(const sentry_account& account, std::string_view project,
                            timestamp expires) {
  return request(account, "POST", keys_of(account, project),
                 {{"name", sentry_label(account.key_prefix, expires)}});
}

web_request sentry_list_projects(const sentry_account& account) {
  return request(account, "GET",
                 "/organizations/" + percent_encoded(account.organization) + "/projects/");
}

web_request sentry_delete_key(const sentry_account& account, std::string_view project,
                              std::string_view id) {
  return request(account, "DELETE", keys_of(account, project) + percent_encoded(id) + "/");
}

outcome<std::vector<sentry_key>> sentry_keys(const sentry_account& account,
                                             const web_answer& answer) {
  if (!answer.fine())
    return sentry_failure(answer);
  const auto body = json_body(answer);
  if (!body.is_array())
    return provider_failure("Sentry", "its answer is no list of keys");
  std::vector<sentry_key> keys;
  for (const auto& entry : body.get_array())
    if (auto key = key_of(account, entry))
      keys.push_back(std::move(*key));
  return keys;
}

outcome<sentry_key> sentry_made_key(const sentry_account& account, const web_answer& answer) {
  if (!answer.fine())
    return sentry_failure(answer);
  auto key = key_of(account, json_body(answer));
  if (!key)
    return provider_failure("Sentry", "its answer is not the key that was to be made");
  return std::move(*key);
}

outcome<std::vector<std::string>> sentry_projects(const web_answer& answer) {
  if (!answer.fine())
    return sentry_failure(answer);
  const auto body = json_body(answer);
  if (!body.is_array())
    return provider_failure("Sentry", "its answer is no list of projects");
  std::vector<std::string> slugs;
  for (const auto& entry : body.get_array())
    if (auto slug = text_of(entry, "slug"); !slug.empty())
      slugs.push_back(std::move(slug));
  return slugs;
}

std::string sentry_next_page(const sentry_account& account, const web_answer& answer) {
  // `<URL>; rel="previous"; results="false"; ..., <URL>; rel="next"; results="true"; ...`
  auto link = answer.header("link");
  while (!link.empty()) {
    const auto end = std::min(link.size(), link.find(", <"));
    const auto one = link.substr(0, end);
    link.remove_prefix(std::min(link.size(), end + 2));
    const auto close = one.find('>');
    if (!one.starts_with('<') || close == std::string_view::npos ||
        one.find("rel=\"next\"") == std::string_view::npos ||
        one.find("results=\"true\"") == std::string_view::npos)
      continue;
    const auto url = one.substr(1, close - 1);
    // The token goes to no other server than the one it is for.
    return url.starts_with(account.endpoint + "/")
               ? std::string{url.substr(account.endpoint.size())}
               : std::string{};
  }
  return {};
}

const sentry_key* reusable_key(const std::vector<sentry_key>& keys, timestamp now) {
  const auto longest = std::max_element(
      keys.begin(), keys.end(),
      [](const sentry_key& a, const sentry_key& b) { return a.expires < b.expires; });
  return longest != keys.end() && longest->expires > now + must_still_last ? &*longest : nullptr;
}

bool sentry_key_is_over(const sentry_key& key, timestamp now) { return key.expires + grace < now; }

std::string sentry_answer(std::string_view project, const sentry_key& key) {
  return json::serialize(
      json::object{{"project", project},
                   {"dsn", json::object{{"secret", key.secret_dsn}, {"public", key.public_dsn}}},
                   {"expires", to_iso(key.expires)}});
}

api_error sentry_failure(const web_answer& answer) {
  const auto detail = text_of(json_body(answer), "detail");
  return detail.empty() ? provider_failure("Sentry", answer) : provider_failure("Sentry", detail);
}

}  // namespace troupe
