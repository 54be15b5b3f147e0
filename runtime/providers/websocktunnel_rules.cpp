#include "runtime/providers/websocktunnel_rules.hpp"

#include "runtime/crypto/json_web_token.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::int64_t lasts_s = 96 * 3600;
constexpr std::int64_t clock_skew_s = 15 * 60;

}  // namespace

std::string websocktunnel_answer(const tunnel_grant& grant, std::string_view secret,
                                 timestamp now) {
  const auto now_s = now.ms / 1000;
  const auto expires_s = now_s + lasts_s;
  const json::object claims{{"tid", grant.client},      {"aud", grant.audience},
                            {"sub", grant.caller_id},   {"iat", now_s},
                            {"exp", expires_s},         {"nbf", now_s - clock_skew_s},
                            {"iss", "taskcluster-auth"}};
  const auto token = json_web_token(json::serialize(claims), hmac_key{secret});
  return json::serialize(json::object{{"wstClient", grant.client},
                                      {"wstAudience", grant.audience},
                                      {"token", token},
                                      {"expires", to_iso(timestamp{expires_s * 1000})}});
}

}  // namespace troupe
