#include "runtime/auth/credentials.hpp"

#include "messages/ascii_case.hpp"
#include "messages/json_text.hpp"

#include <algorithm>

namespace troupe {

namespace {

// The `ext` attribute: certificate and narrowed scopes; empty when there is neither.
std::string ext_of(const credentials& by,
                   const std::optional<std::vector<std::string>>& authorized_scopes) {
  if (by.certificate.empty() && !authorized_scopes)
    return {};
  // The certificate is passed on as it is: its numbers and texts are what the signature covers.
  std::string ext = "{";
  if (!by.certificate.empty())
    ext += "\"certificate\":" + by.certificate;
  if (authorized_scopes) {
    ext += by.certificate.empty() ? "\"authorizedScopes\":[" : ",\"authorizedScopes\":[";
    for (const auto& scope : *authorized_scopes) {
      if (ext.back() != '[')
        ext += ',';
      append_json_string(ext, scope);
    }
    ext += ']';
  }
  return base64(ext += '}');
}

void append_escaped(std::string& out, std::string_view text) {
  // One search a character: each is a fast one, and an ext is long.
  if (text.find('\\') == std::string_view::npos && text.find('\n') == std::string_view::npos) {
    out += text;
    return;
  }
  for (char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

template <class Change>
void append_changed(std::string& out, std::string_view text, Change change) {
  const auto from = out.size();
  out += text;
  std::transform(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
                 out.begin() + static_cast<std::ptrdiff_t>(from), change);
}

}  // namespace

void append_normalised_request(std::string& out, std::string_view kind, std::string_view ts,
                               std::string_view nonce, const signed_target& target,
                               std::string_view hash, std::string_view ext, std::string_view app,
                               std::string_view dlg) {
  const auto line = [&out](std::string_view text) {
    out += text;
    out += '\n';
  };
  out += "hawk.1.";
  line(kind);
  line(ts);
  line(nonce);
  append_changed(out, target.verb, ascii_upper);
  out += '\n';
  line(target.resource);
  append_changed(out, target.host, ascii_lower);
  out += '\n';
  line(target.port);
  line(hash);
  append_escaped(out, ext);
  out += '\n';
  if (!app.empty()) {
    line(app);
    line(dlg);
  }
}

std::string normalised_request(std::string_view kind, std::string_view ts, std::string_view nonce,
                               const signed_target& target, std::string_view hash,
                               std::string_view ext, std::string_view app, std::string_view dlg) {
  std::string out;
  out.reserve(96 + target.resource.size() + target.host.size() + ext.size() + hash.size());
  append_normalised_request(out, kind, ts, nonce, target, hash, ext, app, dlg);
  return out;
}

std::string sign_header(const credentials& by, const signed_target& target, timestamp now,
                        std::string_view nonce,
                        const std::optional<std::vector<std::string>>& authorized_scopes,
                        std::string_view hash) {
  const auto ts = std::to_string(now.ms / 1000);
  const auto ext = ext_of(by, authorized_scopes);
  const auto text = normalised_request("header", ts, nonce, target, hash, ext);
  const auto mac = base64(hmac_key{by.access_token}.mac(text));
  std::string header = "Hawk id=\"";
  header.reserve(128 + by.client_id.size() + ext.size());
  const auto attribute = [&header](std::string_view name, std::string_view value) {
    if (value.empty())
      return;
    header += "\", ";
    header += name;
    header += "=\"";
    header += value;
  };
  header += by.client_id;
  attribute("ts", ts);
  attribute("nonce", nonce);
  attribute("hash", hash);
  attribute("ext", ext);
  attribute("mac", mac);
  header += '"';
  return header;
}

std::string make_bewit(const credentials& by, std::string_view resource, std::string_view host,
                       std::string_view port, timestamp expires,
                       const std::optional<std::vector<std::string>>& authorized_scopes) {
  const auto exp = std::to_string(expires.ms / 1000);
  const auto ext = ext_of(by, authorized_scopes);
  const auto text =
      normalised_request("bewit", exp, {}, signed_target{"GET", resource, host, port}, {}, ext);
  const auto mac = base64(hmac_key{by.access_token}.mac(text));
  return base64url(by.client_id + "\\" + exp + "\\" + mac + "\\" + ext);
}

std::string payload_hash(std::string_view body, std::string_view content_type) {
  auto type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.remove_suffix(1);
  while (!type.empty() && type.front() == ' ')
    type.remove_prefix(1);
  std::string text = "hawk.1.payload\n";
  std::transform(type.begin(), type.end(), std::back_inserter(text), ascii_lower);
  text += '\n';
  text += body;
  text += '\n';
  return base64(sha256(text));
}

host_and_port split_root_url(std::string_view root_url) {
  const bool secure = root_url.starts_with("https://");
  const auto scheme = root_url.find("://");
  auto rest = scheme == std::string_view::npos ? root_url : root_url.substr(scheme + 3);
  rest = rest.substr(0, rest.find('/'));
  const auto colon = rest.rfind(':');
  // An IPv6 address in brackets has colons of its own.
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos)
    return {std::string{rest.substr(0, colon)}, std::string{rest.substr(colon + 1)}};
  return {std::string{rest}, secure ? "443" : "80"};
}

}  // namespace troupe
