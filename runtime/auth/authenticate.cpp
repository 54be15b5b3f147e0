#include "runtime/auth/authenticate.hpp"

#include "runtime/auth/claimant.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/auth/hawk_header.hpp"

#include <charconv>
#include <cmath>
#include <optional>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr double header_skew_ms = 900'000;
constexpr std::string_view bad_mac = "Unauthorized: Bad mac";

auth_result failure(std::string message) {
  auth_result result;
  result.what = auth_result::status::failed;
  result.message = std::move(message);
  return result;
}

// Room for the text that is signed, used again and again.
std::string& signed_text() {
  thread_local std::string text;
  text.clear();
  return text;
}

// Seconds, perhaps with a fraction, in milliseconds; nothing when it is no number.
std::optional<double> read_seconds_ms(std::string_view text) {
  const auto* const end = text.data() + text.size();
  // Nearly always whole seconds, which are read much faster.
  std::int64_t whole = 0;
  if (const auto [at, failed] = std::from_chars(text.data(), end, whole);
      at == end && failed == std::errc{} && text.size() <= 15)
    return static_cast<double>(whole) * 1000;
  double value = 0;
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || at != end || !std::isfinite(value))
    return std::nullopt;
  return value * 1000;
}

// What a header and a bewit have in common: somebody signed a text.
struct signature {
  std::string_view id;
  std::string_view ext;
  std::string_view mac;
  std::string_view text;
};

// The message of the failure, or empty; then the result says who it is and what he may do.
std::string check_signature(const auth_snapshot& clients, const signature& made, timestamp now,
                            certificate_cache* cache, auth_result& result) {
  const auto is_by = [&made](const hmac_key& key) {
    return equal_in_constant_time(key.mac(made.text), made.mac);
  };
  if (made.ext.empty()) {
    const auth_snapshot::client* client = nullptr;
    if (auto wrong = load_client(clients, made.id, now, client); !wrong.empty())
      return wrong;
    if (!is_by(client->key()))
      return std::string{bad_mac};
    result.stored = client;
    result.scopes = client->with_anonymous();
    result.expires = client->expires();
    return {};
  }
  if (cache != nullptr)
    if (const auto* known = cache->find(clients, made.id, made.ext, now)) {
      if (!is_by(known->key))
        return std::string{bad_mac};
      result.stored = known->issuer;
      result.scopes = known->scopes;
      result.expires = known->expires;
      return {};
    }
  claimant who;
  if (auto wrong = load_claimant(clients, made.id, made.ext, now, who); !wrong.empty())
    return wrong;
  if (!is_by(who.key()))
    return std::string{bad_mac};
  if (cache != nullptr)
    cache->remember(clients, made.id, made.ext, {who.key(), who.scopes, who.expires, who.client});
  result.stored = who.client;
  result.scopes = std::move(who.scopes);
  result.expires = who.expires;
  return {};
}

auth_result check_header(const auth_snapshot& clients, const request_to_check& request,
                         certificate_cache* cache) {
  hawk_header header;
  if (auto wrong = parse_hawk_header(request.authorization, header); !wrong.empty())
    return failure(std::move(wrong));
  auto& text = signed_text();
  append_normalised_request(text, "header", header.ts, header.nonce,
                            {request.verb, request.resource, request.host, request.port},
                            header.hash, header.ext, header.app, header.dlg);
  auth_result result;
  if (auto wrong = check_signature(clients, {header.id, header.ext, header.mac, text}, request.now,
                                   cache, result);
      !wrong.empty())
    return failure(std::move(wrong));
  const auto ts = read_seconds_ms(header.ts);
  if (!ts || std::fabs(*ts - static_cast<double>(request.now.ms)) > header_skew_ms)
    return failure("Unauthorized: Stale timestamp");
  result.what = auth_result::status::success;
  result.client_id = header.id;
  result.hash = header.hash;
  result.mac = header.mac;
  return result;
}

auth_result check_bewit(const auth_snapshot& clients, const request_to_check& request,
                        certificate_cache* cache) {
  bewit_parts parts;
  if (auto wrong = parse_bewit(request.verb, request.resource, parts); !wrong.empty())
    return failure(std::move(wrong));
  auto& text = signed_text();
  append_normalised_request(text, "bewit", parts.exp, {},
                            {"GET", parts.resource, request.host, request.port}, {}, parts.ext);
  auth_result result;
  if (auto wrong = check_signature(clients, {parts.id, parts.ext, parts.mac, text}, request.now,
                                   cache, result);
      !wrong.empty())
    return failure(std::move(wrong));
  const auto exp = read_seconds_ms(parts.exp);
  if (!exp || *exp <= static_cast<double>(request.now.ms))
    return failure("Unauthorized: Access expired");
  result.what = auth_result::status::success;
  result.client_id = std::move(parts.id);
  result.bewit = true;
  return result;
}

}  // namespace

bool has_bewit(std::string_view resource) {
  return resource.starts_with('/') && (resource.find("?bewit=", 1) != std::string_view::npos ||
                                       resource.find("&bewit=", 1) != std::string_view::npos);
}

auth_result authenticate(const auth_snapshot& clients, const request_to_check& request,
                         certificate_cache* cache) {
  if (!request.authorization.empty())
    return check_header(clients, request, cache);
  if (has_bewit(request.resource))
    return check_bewit(clients, request, cache);
  auth_result result;
  result.scopes = clients.anonymous();
  result.expires = request.now + 15min;
  return result;
}

}  // namespace troupe
