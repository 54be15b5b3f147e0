#include "runtime/providers/azure_rules.hpp"

#include "messages/ascii_case.hpp"
#include "messages/http_date.hpp"
#include "messages/json_members.hpp"
#include "runtime/crypto/percent_code.hpp"
#include "runtime/crypto/sha256.hpp"
#include "runtime/providers/provider_answers.hpp"
#include "runtime/web/xml_text.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <vector>

namespace troupe {

namespace json = boost::json;

namespace {

using namespace std::chrono_literals;
using named_texts = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view version = "2018-11-09";

std::string seconds_iso(timestamp t) { return to_iso(t).substr(0, 19) + "Z"; }

std::string target_of(std::string path, const named_texts& query) {
  for (std::size_t i = 0; i < query.size(); ++i)
    path += (i == 0 ? "?" : "&") + query[i].first + "=" + percent_encoded(query[i].second);
  return path;
}

// Path and query as they are signed: with the account before, as it was meant, not as it is
// written. The query is sorted by its names.
std::string canonical_resource(const std::string& account, const std::string& path,
                               const named_texts& query, azure_kind kind) {
  auto out = "/" + account + path;
  for (const auto& [name, value] : query) {
    if (kind == azure_kind::container)
      out += "\n" + name + ":" + value;
    else if (name == "comp")
      out += "?comp=" + value;
  }
  return out;
}

struct unsigned_call {
  std::string verb;
  std::string path;
  named_texts query = {};  // sorted by name
  std::string body = {};
};

web_request sign(const azure_place& place, const azure_account& account, unsigned_call call,
                 timestamp now) {
  const bool is_table = place.kind == azure_kind::table;
  const auto& endpoint = is_table ? account.table_endpoint : account.blob_endpoint;
  web_request made{call.verb, endpoint, target_of(call.path, call.query), {}, call.body};
  const auto date = to_http_date(now);
  const std::string type = call.body.empty() ? "" : "application/json";
  const auto resource = canonical_resource(
      place.account, location_of({{}, endpoint, call.path}).path, call.query, place.kind);
  std::string text = call.verb;
  if (is_table)
    // Content-MD5, Content-Type, the date.
    text += "\n\n" + type + "\n" + date + "\n" + resource;
  else
    // Content-Encoding, -Language, -Length (empty for none), -MD5, -Type, Date, If-..., Range.
    text += "\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:" + date + "\nx-ms-version:" + std::string{version} +
            "\n" + resource;
  made.headers = {{"x-ms-date", date}, {"x-ms-version", std::string{version}}};
  if (is_table) {
    made.headers.emplace_back("Accept", "application/json;odata=nometadata");
    made.headers.emplace_back("DataServiceVersion", "3.0");
  }
  if (!type.empty())
    made.headers.emplace_back("Content-Type", type);
  made.headers.emplace_back("Authorization", "SharedKey " + place.account + ":" +
                                                 base64(hmac_key{account.key}.mac(text)));
  return made;
}

api_error azure_failure(const web_answer& answer) {
  if (const auto code = answer.header("x-ms-error-code"); !code.empty())
    return provider_failure("Azure", std::to_string(answer.status) + ": " + std::string{code});
  return provider_failure("Azure", answer);
}

}  // namespace

std::string azure_sas(const azure_place& place, std::string_view key, bool read_only,
                      timestamp start, timestamp end) {
  const auto st = seconds_iso(start);
  const auto se = seconds_iso(end);
  const bool is_table = place.kind == azure_kind::table;
  const std::string sp = is_table ? (read_only ? "r" : "raud") : (read_only ? "rl" : "racwdl");
  // Behind the times: resource, identifier, address, protocol, version.
  std::string text = sp + "\n" + st + "\n" + se + "\n";
  if (is_table)
    // ... and the first and last keys of partitions and rows.
    text += "/table/" + place.account + "/" + lower_case(place.name) + "\n\n\n\n" +
            std::string{version} + "\n\n\n\n";
  else
    // ... and the kind of resource, a snapshot, and five headers of answers.
    text += "/blob/" + place.account + "/" + place.name + "\n\n\n\n" + std::string{version} +
            "\nc\n\n\n\n\n\n";
  const auto sig = base64(hmac_key{key}.mac(text));
  return "sv=" + std::string{version} +
         (is_table ? "&tn=" + percent_encoded(place.name) : "&sr=c") +
         "&st=" + percent_encoded(st) + "&se=" + percent_encoded(se) + "&sp=" + sp +
         "&sig=" + percent_encoded(sig);
}

std::string azure_sas_answer(const azure_place& place, const azure_account& account, bool read_only,
                             timestamp now) {
  // The signature says whole seconds.
  const timestamp end{(now + 25min).ms / 1000 * 1000};
  return json::serialize(
      json::object{{"sas", azure_sas(place, account.key, read_only, now - 15min, end)},
                   {"expiry", to_iso(end)}});
}

web_request azure_creation(const azure_place& place, const azure_account& account, timestamp now) {
  if (place.kind == azure_kind::table)
    return sign(place, account,
                {"POST", "/Tables", {}, json::serialize(json::object{{"TableName", place.name}})},
                now);
  return sign(place, account, {"PUT", "/" + place.name, {{"restype", "container"}}}, now);
}

outcome<void> azure_created(const web_answer& answer) {
  if (answer.fine() || answer.status == 409)
    return boost::system::in_place_value;
  return azure_failure(answer);
}

web_request azure_listing(const azure_place& place, const azure_account& account,
                          std::string_view continuation, timestamp now) {
  const bool is_table = place.kind == azure_kind::table;
  unsigned_call call{"GET", is_table ? "/Tables" : "/"};
  if (!is_table)
    call.query.emplace_back("comp", "list");
  if (!continuation.empty())
    call.query.emplace_back(is_table ? "NextTableName" : "marker", continuation);
  return sign(place, account, std::move(call), now);
}

outcome<std::string> azure_listing_answer(azure_kind kind, const web_answer& answer) {
  if (!answer.fine())
    return azure_failure(answer);
  json::array names;
  std::string next;
  if (kind == azure_kind::table) {
    const auto body = json_body(answer);
    const auto* list = body.is_object() ? body.get_object().if_contains("value") : nullptr;
    if (list == nullptr || !list->is_array())
      return provider_failure("Azure", "its answer is no list of tables");
    for (const auto& entry : list->get_array())
      if (auto name = text_of(entry, "TableName"); !name.empty())
        names.emplace_back(std::move(name));
    next = answer.header("x-ms-continuation-nexttablename");
  } else {
    std::size_t from = 0;
    while (const auto name = next_element(answer.body, "Name", from))
      names.emplace_back(from_xml(*name));
    next = xml_text(answer.body, "NextMarker").value_or("");
  }
  json::object out{{kind == azure_kind::table ? "tables" : "containers", std::move(names)}};
  if (!next.empty())
    out["continuationToken"] = next;
  return json::serialize(out);
}

}  // namespace troupe
