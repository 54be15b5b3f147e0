// What scopes come to, and what signatures are worth (auth contract, sections 5 and 11).

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/auth_arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/json_text.hpp"
#include "runtime/auth/hawk_header.hpp"
#include "runtime/crypto/base64.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cctype>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

constexpr timestamp far_future{253'402'300'799'000};  // the end of year 9999

std::string scopes_json(const scope_list& scopes) {
  std::string out = "[";
  for (const auto& scope : scopes) {
    if (out.size() > 1)
      out += ',';
    append_json_string(out, scope);
  }
  return out += ']';
}

std::string result_json(const auth_result& result) {
  std::string out;
  if (result.what == auth_result::status::failed) {
    out = R"({"status":"auth-failed","message":)";
    append_json_string(out, result.message);
    return out += '}';
  }
  const bool signed_by_somebody = result.what == auth_result::status::success;
  out = signed_by_somebody ? R"({"status":"auth-success","scheme":"hawk","clientId":)"
                           : R"({"status":"no-auth","scheme":"none")";
  if (signed_by_somebody)
    append_json_string(out, result.client_id);
  out += R"(,"scopes":)" + scopes_json(result.scopes->list());
  out += R"(,"expires":")" + to_iso(result.expires) + '"';
  if (signed_by_somebody && !result.hash.empty()) {
    out += R"(,"hash":)";
    append_json_string(out, result.hash);
  }
  return out += '}';
}

// What a signature restricts itself to, in the order in which it says so; the signature is known to
// be good.
scope_list scopes_as_said(const api_request& request, scope_list of_client) {
  std::string ext;
  if (hawk_header header; !request.authorization.empty()) {
    if (parse_hawk_header(request.authorization, header).empty())
      decode_base64(header.ext, ext);
  } else if (bewit_parts parts; parse_bewit("GET", request.target, parts).empty()) {
    decode_base64(parts.ext, ext);
  }
  boost::system::error_code failed;
  const auto read = json::parse(ext.empty() ? std::string_view{"{}"} : ext, failed);
  if (failed || !read.is_object())
    return of_client;
  const auto list_in = [](const json::object& in, std::string_view name) -> const json::array* {
    const auto* value = in.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
  };
  const auto* list = list_in(read.get_object(), "authorizedScopes");
  if (list == nullptr)
    if (const auto* certificate = read.get_object().if_contains("certificate");
        certificate != nullptr && certificate->is_object())
      list = list_in(certificate->get_object(), "scopes");
  if (list == nullptr)
    return of_client;
  scope_list scopes;
  for (const auto& entry : *list)
    scopes.emplace_back(entry.as_string());
  return scopes;
}

// Pretends that there is one client, `tester`, with these scopes, and no role.
void test_signature(request_context& call, const scope_list& client_scopes,
                    const scope_list& required) {
  const auto& request = call.request();
  const auth_snapshot pretended{{{"tester", "no-secret", client_scopes, far_future, false, {}}},
                                role_expander{}};
  auto found = call.here().authenticate_among(pretended, request);
  if (!found)
    return call.fail(std::move(found).error());
  const bool known = found->what == auth_result::status::success;
  std::vector<scope_expression> parts;
  for (const auto& scope : required)
    parts.push_back(scope_expression::one(scope));
  const auto needed = scope_expression::all(std::move(parts));
  if (!satisfies(*found->scopes, needed))
    return call.fail(insufficient_scopes(*found->scopes, needed, found->client_id, known));
  const scope_list everybody{"assume:anonymous"};
  std::string out = R"({"clientId":)";
  append_json_string(out, known ? found->client_id : "auth-failed:no-auth");
  out += R"(,"scopes":)";
  out += scopes_json(known ? merge_unsorted(scopes_as_said(request, client_scopes), everybody)
                           : everybody);
  call.reply(out += '}');
}

}  // namespace

void expand_scopes(request_context& call) {
  const auto scopes = scopes_member(call, "scopes").value_or(scope_list{});
  call.reply(R"({"scopes":)" + scopes_json(call.here().snapshot->roles().expand(scopes)) + '}');
}

void current_scopes(request_context& call) {
  const auto by = call.delegate_authorization();
  if (by != nullptr)
    call.reply(R"({"scopes":)" + scopes_json(by->scopes->list()) + '}');
}

void authenticate_hawk(request_context& call) {
  auto verb = text_member(call, "method");
  std::transform(verb.begin(), verb.end(), verb.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto resource = text_member(call, "resource");
  const auto host = text_member(call, "host");
  const auto authorization = text_member(call, "authorization");
  const auto port = std::to_string(call.body().as_object().at("port").to_number<std::uint64_t>());
  auto& here = call.here();
  const request_to_check check{verb, resource, host, port, authorization, call.now()};
  call.reply(result_json(authenticate(*here.snapshot, check, &here.certificates)));
}

void test_authenticate(request_context& call) {
  test_signature(call, scopes_member(call, "clientScopes").value_or(scope_list{}),
                 scopes_member(call, "requiredScopes").value_or(scope_list{}));
}

void test_authenticate_get(request_context& call) {
  test_signature(call, {"test:*", "auth:create-client:test:*"}, {"test:authenticate-get"});
}

}  // namespace troupe::handlers
