#include "runtime/s3/s3_signer.hpp"

#include "messages/ascii_case.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/crypto/sha256.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

using named_texts = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::int64_t longest_s = 604'800;  // a week is what stores accept at most

// `20130524T000000Z`
std::string date_time_of(timestamp now) {
  std::string text;
  for (char c : to_iso(now).substr(0, 19))
    if (c != '-' && c != ':')
      text += c;
  return text + 'Z';
}

std::string_view bytes_of(const digest& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Values of headers are signed without blanks at their ends, and with single ones within.
std::string canonical_value(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' '))
    out.pop_back();
  return out;
}

std::string canonical_query(const named_texts& query) {
  named_texts encoded;
  for (const auto& [name, value] : query) {
    auto& item = encoded.emplace_back();
    append_percent_encoded(item.first, name, false);
    append_percent_encoded(item.second, value, false);
  }
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded)
    out.append(out.empty() ? "" : "&").append(name).append("=").append(value);
  return out;
}

struct signed_headers {
  std::string lines;  // `name:value\n` each
  std::string names;  // `a;b`
};

signed_headers canonical_headers(const named_texts& headers) {
  named_texts sorted;
  for (const auto& [name, value] : headers)
    sorted.emplace_back(lower_case(name), canonical_value(value));
  std::sort(sorted.begin(), sorted.end());
  signed_headers out;
  for (const auto& [name, value] : sorted) {
    out.lines.append(name).append(":").append(value).append("\n");
    out.names.append(out.names.empty() ? "" : ";").append(name);
  }
  return out;
}

std::string canonical_request(std::string_view verb, std::string_view path, std::string_view query,
                              const signed_headers& headers, std::string_view payload) {
  std::string out;
  for (auto part :
       {verb, path, query, std::string_view{headers.lines}, std::string_view{headers.names}})
    out.append(part).append("\n");
  return out.append(payload);
}

}  // namespace

s3_location s3_location_of(std::string_view endpoint, std::string_view region,
                           s3_addressing addressing) {
  s3_location where;
  where.tls = endpoint.starts_with("https://");
  where.port = where.tls ? 443 : 80;
  where.region = region;
  where.addressing = addressing;
  auto authority = endpoint.substr(std::min(endpoint.size(), endpoint.find("://") + 3));
  // The colons of an IPv6 address stand in brackets.
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = authority.substr(colon + 1);
    std::from_chars(port.data(), port.data() + port.size(), where.port);
    authority = authority.substr(0, colon);
  }
  where.host = lower_case(authority);
  return where;
}

std::string s3_signer::host(std::string_view bucket) const {
  if (where_.addressing == s3_addressing::path)
    return where_.host;
  return std::string{bucket} + "." + where_.host;
}

std::string s3_signer::host_header(std::string_view bucket) const {
  auto text = host(bucket);
  if (where_.port != (where_.tls ? 443 : 80))
    text += ":" + std::to_string(where_.port);
  return text;
}

std::string s3_signer::path(const s3_object& object) const {
  std::string out = "/";
  if (where_.addressing == s3_addressing::path) {
    append_percent_encoded(out, object.bucket, false);
    if (!object.key.empty())
      out += '/';
  }
  append_percent_encoded(out, object.key, true);
  return out;
}

std::string s3_signer::target(const s3_request& request) const {
  auto out = path(request.object);
  if (!request.query.empty())
    out += "?" + canonical_query(request.query);
  return out;
}

std::string s3_signer::url(const s3_object& object) const {
  return (where_.tls ? "https://" : "http://") + host_header(object.bucket) + path(object);
}

std::string s3_signer::scope(std::string_view date_time) const {
  return std::string{date_time.substr(0, 8)} + "/" + where_.region + "/" + where_.service +
         "/aws4_request";
}

std::string s3_signer::signature(std::string_view canonical_request,
                                 std::string_view date_time) const {
  auto key = "AWS4" + who_.secret_access_key;
  for (auto part : {date_time.substr(0, 8), std::string_view{where_.region},
                    std::string_view{where_.service}, std::string_view{"aws4_request"}})
    key = bytes_of(hmac_key(key).mac(part));
  std::string text{algorithm};
  text.append("\n").append(date_time).append("\n").append(scope(date_time)).append("\n");
  text += hex(sha256(canonical_request));
  return hex(hmac_key(key).mac(text));
}

std::string s3_signer::presigned(std::string_view verb, const s3_object& object,
                                 named_texts headers, timestamp now, std::chrono::seconds lasts,
                                 named_texts terms) const {
  headers.emplace_back("host", host_header(object.bucket));
  const auto signed_ones = canonical_headers(headers);
  const auto date_time = date_time_of(now);
  const auto seconds = std::clamp<std::int64_t>(lasts.count(), 1, longest_s);
  terms.emplace_back("X-Amz-Algorithm", algorithm);
  terms.emplace_back("X-Amz-Credential", who_.access_key_id + "/" + scope(date_time));
  terms.emplace_back("X-Amz-Date", date_time);
  terms.emplace_back("X-Amz-Expires", std::to_string(seconds));
  terms.emplace_back("X-Amz-SignedHeaders", signed_ones.names);
  if (!who_.session_token.empty())
    terms.emplace_back("X-Amz-Security-Token", who_.session_token);
  const auto query = canonical_query(terms);
  const auto request =
      canonical_request(verb, path(object), query, signed_ones, "UNSIGNED-PAYLOAD");
  return url(object) + "?" + query + "&X-Amz-Signature=" + signature(request, date_time);
}

std::string s3_signer::put_url(const s3_object& object, std::string_view content_type,
                               timestamp now, std::chrono::seconds lasts) const {
  named_texts headers;
  if (!content_type.empty())
    headers.emplace_back("content-type", content_type);
  return presigned("PUT", object, std::move(headers), now, lasts);
}

std::string s3_signer::put_url(const s3_object& object, const named_texts& headers, timestamp now,
                               std::chrono::seconds lasts) const {
  return presigned("PUT", object, headers, now, lasts);
}

std::string s3_signer::put_url(const s3_request& request, timestamp now,
                               std::chrono::seconds lasts) const {
  return presigned("PUT", request.object, {}, now, lasts, request.query);
}

std::string s3_signer::get_url(const s3_object& object, timestamp now,
                               std::chrono::seconds lasts) const {
  return presigned("GET", object, {}, now, lasts);
}

void s3_signer::sign(s3_request& request, timestamp now) const {
  const auto date_time = date_time_of(now);
  const auto payload = hex(sha256(request.body));
  request.headers.emplace_back("x-amz-content-sha256", payload);
  request.headers.emplace_back("x-amz-date", date_time);
  if (!who_.session_token.empty())
    request.headers.emplace_back("x-amz-security-token", who_.session_token);
  auto all = request.headers;
  all.emplace_back("host", host_header(request.object.bucket));
  const auto signed_ones = canonical_headers(all);
  const auto text = canonical_request(request.verb, path(request.object),
                                      canonical_query(request.query), signed_ones, payload);
  request.headers.emplace_back("Authorization",
                               std::string{algorithm} + " Credential=" + who_.access_key_id + "/" +
                                   scope(date_time) + ",SignedHeaders=" + signed_ones.names +
                                   ",Signature=" + signature(text, date_time));
}

}  // namespace troupe
