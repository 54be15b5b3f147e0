#include "runtime/auth/temporary.hpp"

#include "messages/json_text.hpp"

namespace troupe {

credential_issuer::credential_issuer(std::string client_id, std::string_view access_token)
    : client_id_(std::move(client_id)), key_(access_token) {}

std::string certificate_text(std::string_view name, std::string_view issuer, std::string_view seed,
                             std::string_view start, std::string_view expiry,
                             const scope_list& scopes) {
  std::string out = "version:1";
  out.reserve(160 + name.size() + issuer.size() + seed.size() + scopes.size() * 64);
  auto line = [&out](std::string_view label, std::string_view value) {
    out += '\n';
    out += label;
    out += value;
  };
  if (!name.empty()) {
    line("clientId:", name);
    line("issuer:", issuer);
  }
  line("seed:", seed);
  line("start:", start);
  line("expiry:", expiry);
  line("scopes:", {});
  for (const auto& scope : scopes)
    line({}, scope);
  return out;
}

credentials credential_issuer::issue(std::string_view name, const scope_list& scopes,
                                     timestamp start, timestamp expiry,
                                     std::string_view seed) const {
  const auto& key = key_.value();
  const auto start_text = std::to_string(start.ms);
  const auto expiry_text = std::to_string(expiry.ms);
  const auto text = certificate_text(name, client_id_, seed, start_text, expiry_text, scopes);
  std::string certificate = "{\"version\":1,\"scopes\":[";
  certificate.reserve(text.size() + 192);
  for (const auto& scope : scopes) {
    if (certificate.back() != '[')
      certificate += ',';
    append_json_string(certificate, scope);
  }
  certificate += "],\"start\":" + start_text + ",\"expiry\":" + expiry_text + ",\"seed\":\"";
  certificate += seed;
  certificate += "\",\"signature\":\"" + base64(key.mac(text)) + "\"";
  if (!name.empty()) {
    certificate += ",\"issuer\":";
    append_json_string(certificate, client_id_);
  }
  certificate += '}';
  return credentials{name.empty() ? client_id_ : std::string{name}, base64url(key.mac(seed)),
                     std::move(certificate)};
}

std::string credentials_json(const credentials& made) {
  std::string out = "{\"clientId\":";
  out.reserve(128 + made.client_id.size() + made.certificate.size() * 5 / 4);
  append_json_string(out, made.client_id);
  out += ",\"accessToken\":";
  append_json_string(out, made.access_token);
  if (!made.certificate.empty()) {
    out += ",\"certificate\":";
    append_json_string(out, made.certificate);
  }
  out += '}';
  return out;
}

}  // namespace troupe
