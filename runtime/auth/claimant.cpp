#include "runtime/auth/claimant.hpp"

#include "runtime/auth/certificate.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

// Missing, null, false, 0 and "" all count as not there, as in JavaScript.
const json::value* present(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null() || (value->is_bool() && !value->get_bool()) ||
      (value->is_string() && value->get_string().empty()) ||
      (value->is_number() && value->to_number<double>() == 0))
    return nullptr;
  return value;
}

// The client whose key and scopes stand behind an ext (4.1).
std::string load_issuer(const auth_snapshot& clients, std::string_view id,
                        const json::value* certificate, timestamp now, claimant& out, bool& named) {
  const json::value* issuer = nullptr;
  if (certificate != nullptr && certificate->is_object())
    issuer = present(certificate->get_object(), "issuer");
  named = issuer != nullptr;
  if (!named)
    return load_client(clients, id, now, out.client);
  if (!issuer->is_string())
    return "ext.certificate.issuer must be a string";
  if (issuer->get_string() == id)
    return "ext.certificate.issuer must differ from the supplied clientId";
  return load_client(clients, issuer->get_string(), now, out.client);
}

// What a certificate makes of its issuer (4.2).
std::string apply_certificate(const auth_snapshot& clients, std::string_view id,
                              const json::value& value, bool named, timestamp now, claimant& who) {
  certificate made;
  if (auto wrong = read_certificate(value, now, made); !wrong.empty())
    return wrong;
  if (!named && value.is_object() && value.get_object().contains("clientId"))
    return "ext.certificate.clientId must only be used with ext.certificate.issuer";
  if (auto wrong = check_issuer(made, *who.client, named ? id : std::string_view{}); !wrong.empty())
    return wrong;
  if (named && !is_valid_client_id(id))
    return "ext.certificate.issuer may only name a clientId of letters, digits and !@/:.+|_-";
  who.derived_key.emplace(base64url(who.client->key().mac(made.seed)));
  who.expires = std::min(who.expires, made.expires);
  who.scopes = clients.expand_with_anonymous(made.scopes);
  return {};
}

void append_lines(std::string& out, const scope_list& scopes) {
  out += "\n\n```\n";
  for (const auto& scope : scopes) {
    if (&scope != &scopes.front())
      out += '\n';
    out += scope;
  }
  out += "\n```";
}

// What the caller leaves himself (4.3).
std::string apply_authorized_scopes(const auth_snapshot& clients, const json::value& value,
                                    claimant& who) {
  if (!value.is_array())
    return "ext.authorizedScopes must be an array";
  scope_list wanted;
  if (!read_scopes(value.get_array(), wanted))
    return "ext.authorizedScopes must be an array of valid scopes";
  if (!who.scopes->satisfies_all(wanted)) {
    std::string text =
        "Supplied credentials do not satisfy authorizedScopes; credentials have scopes:";
    append_lines(text, who.scopes->list());
    text += "\n\nauthorizedScopes are:";
    append_lines(text, wanted);
    return text;
  }
  who.scopes = clients.expand_with_anonymous(wanted);
  return {};
}

}  // namespace

std::string load_client(const auth_snapshot& clients, std::string_view id, timestamp now,
                        const auth_snapshot::client*& out) {
  out = clients.find(id);
  if (out == nullptr)
    return "Client with clientId '" + std::string{id} + "' not found";
  if (out->disabled())
    return "Client with clientId '" + std::string{id} + "' is disabled";
  if (out->expires() < now)
    return "Client with clientId: '" + std::string{id} + "' has expired";
  return {};
}

std::string load_claimant(const auth_snapshot& clients, std::string_view id, std::string_view ext,
                          timestamp now, claimant& out) {
  // An ext seldom needs more room; what does comes from the heap.
  unsigned char room[4096];
  json::monotonic_resource arena{room, sizeof room};
  json::value parsed(json::object_kind, &arena);
  if (!ext.empty()) {
    std::string text;
    boost::system::error_code failed;
    if (!decode_base64(ext, text))
      return "Failed to parse ext";
    parsed = json::parse(text, failed, &arena);
    if (failed || !parsed.is_object())
      return "Failed to parse ext";
  }
  const auto& object = parsed.get_object();
  const auto* certificate = present(object, "certificate");
  bool named = false;
  if (auto wrong = load_issuer(clients, id, certificate, now, out, named); !wrong.empty())
    return wrong;
  out.scopes = out.client->with_anonymous();
  out.expires = out.client->expires();
  if (certificate != nullptr)
    if (auto wrong = apply_certificate(clients, id, *certificate, named, now, out); !wrong.empty())
      return wrong;
  if (const auto* narrowed = present(object, "authorizedScopes"))
    return apply_authorized_scopes(clients, *narrowed, out);
  return {};
}

}  // namespace troupe
