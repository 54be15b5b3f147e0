#include "gateways/rest/api_pipeline.hpp"

#include "gateways/rest/signed_host.hpp"
#include "gateways/rest/uri.hpp"
#include "runtime/envelope/envelope.hpp"
#include "runtime/lane/lane.hpp"

#include <boost/json.hpp>

#include <memory>

namespace troupe {

namespace json = boost::json;

// -- the pipeline
// ----------------------------------------------------------------------------------

void api_call::begin(const api_request& request) {
  request_ = request;
  method_ = nullptr;
  params_.clear();
  query_.clear();
  caller_ = asked_ == nullptr ? nullptr : asked_->by;
  used_scopes_ = "[]";
  claim_queue_.reset();
  page_arguments_.clear();
  kept_.reset();
  handle_ = {};
  started_us_ = static_cast<std::int64_t>(lane_.on.unique_us());
  public_ = authorized_ = body_valid_ = false;
  body_broken_ = body_unreadable_ = waiting_ = answered_ = false;
}

namespace {

// The end of a rehearsal, where a call would go on to its handler.
void end_rehearsal(request_context& call) {
  const auto* body = call.body().if_object();
  if (auto allowed = call.authorize(body != nullptr ? *body : json::object{}); !allowed)
    return call.fail(std::move(allowed).error());
  call.reply(204, {});
}

}  // namespace

void api_call::start(const api_request& request) { run(request, nullptr); }

void api_call::rehearse(const api_request& request) { run(request, &end_rehearsal); }

// Without a handler the method's own.
void api_call::run(const api_request& request, api_handler handler) {
  begin(request);
  if (!find_route())
    return;
  const arena_lease lease(lane_);
  if (auto ready = prepare(); !ready)
    fail(std::move(ready).error());
  else
    (handler == nullptr ? method_->serve : handler)(*this);
  // The value must go before the lease; its text stays for errors that come later.
  body_ = nullptr;
  body_valid_ = false;
  if (!answered_ && !waiting_)
    fail(make_api_error(error_code::internal_server_error, "the handler gave no answer"));
}

void api_call::refuse(const api_request& request, api_error error) {
  begin(request);
  if (!find_route())
    return;
  body_unreadable_ = true;
  fail(std::move(error));
}

void api_call::refuse_unnamed(const api_request& request, api_error error) {
  begin(request);
  body_unreadable_ = true;
  fail(std::move(error));
}

outcome<void> api_call::prepare() {
  TROUPE_CHECK(take_text());
  TROUPE_CHECK(parse_body());
  if (asked_ != nullptr && method_->is_public)
    return settle(std::nullopt, true);
  if (method_->scopes_from_url)
    TROUPE_CHECK(authorize(boost::json::object{}));
  if (auto wrong = check_params(*method_->row, params_))
    return std::move(*wrong);
  TROUPE_CHECK(check_query());
  TROUPE_CHECK(check_body());
  public_ = public_ || method_->is_public;
  authorized_ = authorized_ || method_->is_public;
  return {};
}

bool api_call::find_route() {
  const auto path = path_of(request_.target);
  auto found = lane_.methods.find(request_.verb, path);
  if (found.method == nullptr) {
    answer_without_route();
    return false;
  }
  method_ = found.method;
  params_ = std::move(found.values);
  if (!found.bad_escape && is_utf8(path))
    return true;
  body_unreadable_ = true;
  for (auto& value : params_)
    value = shown_as_utf8(value);
  fail(
      make_api_error(error_code::invalid_request_arguments, "The path cannot be decoded as UTF-8"));
  return false;
}

void api_call::answer_without_route() {
  api_response response;
  if (request_.verb == "OPTIONS")
    response.allow = lane_.methods.allowed(path_of(request_.target));
  if (response.allow.empty()) {
    response.status = 404;
    response.body = R"({"error":"Not found"})";
  }
  answered_ = true;
  sink_.on_response(std::move(response));
}

// -- the body
// --------------------------------------------------------------------------------------

outcome<void> api_call::take_text() {
  if (request_.body.empty() || !is_json_type(request_.content_type))
    return {};
  const auto charset = foreign_charset(request_.content_type);
  if (charset.empty())
    return {};
  if (!to_utf8(charset, request_.body, body_text_)) {
    body_unreadable_ = true;
    return make_api_error(
        error_code::unsupported_encoding,
        "Request bodies with charset '" + charset + "' are not understood; use utf-8");
  }
  request_.body = body_text_;
  return {};
}

outcome<void> api_call::parse_body() {
  if (request_.body.empty() || !is_json_type(request_.content_type)) {
    body_ = json::object{};
    body_valid_ = true;
    return {};
  }
  auto parsed = lane_.parse(request_.body);
  if (parsed && !parsed->is_structured())
    parsed = make_api_error(error_code::malformed_payload,
                            "Failed to parse JSON: Must be an object or array");
  if (!parsed) {
    body_broken_ = true;
    return std::move(parsed).error();
  }
  // Moving keeps the value in the arena; assigning would copy it out.
  std::destroy_at(&body_);
  std::construct_at(&body_, std::move(*parsed));
  body_valid_ = true;
  return {};
}

outcome<void> api_call::check_body() {
  if (method_->input == nullptr)
    return {};
  TROUPE_CHECK(demand_json_type(request_.content_type));
  method_->input->apply_defaults(body_);
  if (method_->input->validate(body_, nullptr))
    return {};
  std::vector<std::string> problems;
  method_->input->validate(body_, &problems);
  return make_api_error(error_code::input_validation_error,
                        validation_message(lane_.root_url(), *method_->input, problems));
}

// -- the query
// -------------------------------------------------------------------------------------

outcome<void> api_call::check_query() {
  auto rest = query_of(request_.target);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (part.empty())
      continue;
    const auto equals = part.find('=');
    auto key = percent_decoded(part.substr(0, equals), true);
    auto value = equals == std::string_view::npos ? std::optional<std::string>{std::string{}}
                                                  : percent_decoded(part.substr(equals + 1), true);
    if (!key || !value) {
      query_.clear();
      return make_api_error(error_code::invalid_request_arguments,
                            "Query-string parameter: " + shown_as_utf8(part) +
                                " has a percent escape that cannot be decoded as UTF-8");
    }
    if (key->ends_with("[]")) {
      // A list, which is what a repeated key is, too.
      key->resize(key->size() - 2);
      query_.emplace_back(*key, *value);
    }
    query_.emplace_back(std::move(*key), std::move(*value));
  }
  auto wrong = troupe::check_query(*method_->row, query_);
  if (!wrong)
    return {};
  // Only what is good goes into the log.
  std::erase_if(query_, [this](const auto& pair) {
    return troupe::check_query(*method_->row, {pair}).has_value();
  });
  return std::move(*wrong);
}

}  // namespace troupe
