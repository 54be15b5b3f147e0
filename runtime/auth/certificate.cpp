#include "runtime/auth/certificate.hpp"

#include "runtime/auth/temporary.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/scopes/number_text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr double skew_ms = 5 * 60 * 1000;
constexpr double longest_ms = 31.0 * 24 * 3600 * 1000;

std::string bad(std::string_view what) { return "ext.certificate" + std::string{what}; }

// Milliseconds since the epoch; beyond any date of JavaScript it is not taken for a number.
bool read_time(const json::value* value, double& out, std::string& text) {
  constexpr double last_date = 8.64e15;
  if (value == nullptr || !append_number_text(text, *value))
    return false;
  out = value->to_number<double>();
  return std::fabs(out) <= last_date;
}

// The length as JavaScript counts it, in UTF-16 units.
std::size_t utf16_length(std::string_view utf8) {
  std::size_t units = 0;
  for (char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xc0) != 0x80 ? 1 : 0;
    units += byte >= 0xf0 ? 1 : 0;
  }
  return units;
}

std::string joined(const scope_list& scopes) {
  std::string out;
  for (const auto& scope : scopes) {
    if (&scope != &scopes.front())
      out += ", ";
    out += scope;
  }
  return out;
}

}  // namespace

bool read_scopes(const json::array& entries, scope_list& out) {
  out.reserve(entries.size());
  for (const auto& entry : entries) {
    if (!entry.is_string() || !is_valid_scope(entry.get_string()))
      return false;
    out.emplace_back(entry.get_string());
  }
  return true;
}

std::string read_certificate(const json::value& value, timestamp now, certificate& out) {
  if (!value.is_object() && !value.is_array())
    return bad(" must be a JSON object");
  static const json::object none;
  const auto& object = value.is_object() ? value.get_object() : none;
  const auto* version = object.if_contains("version");
  if (version == nullptr || !version->is_number() || version->to_number<double>() != 1)
    return bad(".version must be 1");
  const auto* seed = object.if_contains("seed");
  if (seed == nullptr || !seed->is_string())
    return bad(".seed must be a string");
  if (utf16_length(seed->get_string()) != 44)
    return bad(".seed must be 44 characters");
  out.seed = seed->get_string();
  double start = 0;
  double expiry = 0;
  if (!read_time(object.if_contains("start"), start, out.start))
    return bad(".start must be a number");
  if (!read_time(object.if_contains("expiry"), expiry, out.expiry))
    return bad(".expiry must be a number");
  const auto* scopes = object.if_contains("scopes");
  if (scopes == nullptr || !scopes->is_array())
    return bad(".scopes must be an array");
  if (!read_scopes(scopes->get_array(), out.scopes))
    return bad(".scopes must be an array of valid scopes");
  const auto now_ms = static_cast<double>(now.ms);
  if (start > now_ms + skew_ms)
    return bad(".start > now");
  if (expiry < now_ms - skew_ms)
    return bad(".expiry < now");
  if (expiry - start > longest_ms)
    return bad(" cannot last longer than 31 days!");
  out.expires.ms = static_cast<std::int64_t>(expiry);
  if (const auto* signature = object.if_contains("signature");
      signature != nullptr && signature->is_string())
    out.signature = signature->get_string();
  return {};
}

std::string check_issuer(const certificate& made, const auth_snapshot::client& issuer,
                         std::string_view name) {
  if (!name.empty()) {
    const auto needed = "auth:create-client:" + std::string{name};
    if (!issuer.expanded()->satisfies(needed))
      return bad(" issuer `" + issuer.id() + "` doesn't have `" + needed +
                 "` for supplied clientId.");
  }
  if (!issuer.expanded()->satisfies_all(made.scopes))
    return bad(" issuer `" + issuer.id() + "` doesn't satisfy all certificate scopes " +
               joined(made.scopes) + ".  The temporary credentials were not generated correctly.");
  auto text = certificate_text(name, issuer.id(), made.seed, made.start, made.expiry, made.scopes);
  if (equal_in_constant_time(issuer.key().mac(text), made.signature))
    return {};
  // Some clients sign an empty list of scopes with one more line break.
  if (made.scopes.empty() && equal_in_constant_time(issuer.key().mac(text += '\n'), made.signature))
    return {};
  return bad(name.empty() ? ".signature is not valid"
                          : ".signature is not valid, or wrong clientId provided");
}

}  // namespace troupe
