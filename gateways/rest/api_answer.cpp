#include "gateways/rest/api_pipeline.hpp"
#include "gateways/rest/uri.hpp"
#include "messages/json_parser.hpp"
#include "messages/json_text.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

// -- what handlers ask
// -----------------------------------------------------------------------------

timestamp api_call::now() const { return lane_.on.now(); }

std::string_view api_call::param(std::string_view name) const {
  for (std::size_t i = 0; i < params_.size(); ++i)
    if (method_->row->params[i].name == name)
      return params_[i];
  return {};
}

std::optional<std::string_view> api_call::query(std::string_view name) const {
  for (const auto& [key, value] : query_)
    if (key == name)
      return value;
  return std::nullopt;
}

std::string_view api_call::header(std::string_view name) const {
  return name == "x-taskcluster-skip-cdn" ? request_.skip_cdn : std::string_view{};
}

outcome<void> api_call::identify() {
  if (caller_)
    return {};
  TROUPE_TRY(caller_, lane_.authenticate(request_));
  return {};
}

outcome<void> api_call::authorize(scope_lookup values) {
  if (method_->is_public)
    return {};
  const auto value_of = [&](std::string_view name) -> scope_value {
    if (const auto given = values(name); given.is_text || given.json != nullptr)
      return given;
    for (std::size_t i = 0; i < params_.size(); ++i)
      if (method_->row->params[i].name == name)
        return std::string_view{params_[i]};
    return {};
  };
  const auto& scopes = method_->scopes;
  TROUPE_TRY(const bool is_public, scopes.is_public_for(value_of));
  if (is_public && asked_ != nullptr)
    return settle(std::nullopt, true);
  if (is_public) {
    // Credentials are not even looked at.
    public_ = authorized_ = true;
    return {};
  }
  TROUPE_CHECK(identify());
  if (asked_ != nullptr) {
    TROUPE_TRY(const auto held,
               scopes.satisfied_by(*caller_->scopes, value_of, lane_.scope_buffer));
    TROUPE_TRY(auto needed, scopes.render(value_of));
    return settle(std::move(needed), held);
  }
  return check_scopes(value_of);
}

outcome<void> api_call::check_scopes(scope_lookup values) {
  const auto& scopes = method_->scopes;
  const auto& have = caller_->scopes;
  // Only the log wants to know which scopes were used.
  const bool logged = lane_.log.enabled();
  auto& memory = lane_.known_scopes;
  const bool is_kept = memory.ask(scopes, have, values, logged);
  if (const auto* used = is_kept ? memory.recall() : nullptr) {
    authorized_ = true;
    used_scopes_ = *used;
    return {};
  }
  scope_list used;
  if (logged)
    used.reserve(16);
  TROUPE_TRY(authorized_,
             scopes.satisfied_by(*have, values, lane_.scope_buffer, logged ? &used : nullptr));
  if (!authorized_) {
    TROUPE_TRY(const auto required, scopes.render(values));
    return insufficient_scopes(*have, *required, caller_->client_id, caller_->authenticated);
  }
  if (logged)
    record_scopes(used);
  if (is_kept)
    memory.keep(used_scopes_);
  return {};
}

void api_call::record_scopes(const scope_list& used) {
  used_scopes_ = "[";
  for (const auto& scope : used) {
    if (used_scopes_.size() > 1)
      used_scopes_ += ',';
    append_json_string(used_scopes_, scope);
  }
  used_scopes_ += ']';
}

caller_ptr api_call::delegate_authorization() {
  if (auto known = identify(); !known) {
    fail(std::move(known).error());
    return nullptr;
  }
  authorized_ = true;
  return caller_;
}

// -- waiting for an actor
// --------------------------------------------------------------------------

reply_handle api_call::await_answer() {
  if (!authorized_) {
    // Nothing may take effect before authorisation, whatever the handler thinks.
    fail(make_api_error(error_code::internal_server_error, "the handler did not authorise"));
    return {};
  }
  handle_ = lane_.on.open_reply(*this);
  waiting_ = true;
  return handle_;
}

reply_handle api_call::await_page(std::string arguments) {
  page_arguments_ = std::move(arguments);
  return await_answer();
}

reply_handle api_call::await_claim(const std::string& queue_id) {
  claim_queue_ = queue_id;
  return await_answer();
}

std::chrono::seconds api_call::patience() const {
  const auto& config = lane_.config;
  if (!abandonable())
    return std::chrono::seconds{config.answer_timeout_s};
  // Queues end their waiting calls together, some of them a little late (`end_of_wait`).
  const auto late = config.claim_wait_s / 20 + 1;
  return std::chrono::seconds{config.claim_wait_s + std::max(config.answer_timeout_s, late)};
}

void api_call::complete(answer&& result) {
  waiting_ = false;
  const auto over = std::move(kept_);  // it may be what has just given the answer
  if (asked_ != nullptr)
    return take_refusal(std::move(result));
  if (result.error)
    return fail(std::move(*result.error));
  api_response response;
  response.status = result.status;
  response.body = std::move(result.body);
  response.handed_out = std::move(result.handed_out);
  response.headers = std::move(result.headers);
  const auto next = std::find_if(response.headers.begin(), response.headers.end(),
                                 [](const auto& h) { return h.first == next_position_header; });
  if (next != response.headers.end()) {
    if (response.body.ends_with('}')) {
      response.body.pop_back();
      response.body += response.body.ends_with('{') ? "" : ",";
      response.body += R"("continuationToken":")";
      response.body += lane_.tokens.make(method_->row->name, page_arguments_, next->second);
      response.body += "\"}";
    }
    response.headers.erase(next);
  }
  finish(std::move(response));
}

void api_call::stop_waiting() {
  waiting_ = false;
  kept_.reset();
  lane_.on.close_reply(handle_);
  if (claim_queue_)
    lane_.board.tell(lane_.on, withdraw_claim{task_queue_id{{*claim_queue_}}, handle_});
}

void api_call::abandon() {
  if (!waiting_)
    return;
  stop_waiting();
  answered_ = true;
  record(499);
}

void api_call::time_out() {
  if (!waiting_)
    return;
  stop_waiting();
  fail(make_api_error(error_code::service_unavailable,
                      "No answer came in time, so the outcome is unknown; repeating the same call "
                      "is safe"));
}

void api_call::release_claim() {
  if (!abandonable())
    return;
  // What is being claimed for it is committed already: dropping the answer would cost the task a
  // retry.
  lane_.board.tell(lane_.on, withdraw_claim{task_queue_id{{*claim_queue_}}, handle_, true});
}

// -- answering
// -------------------------------------------------------------------------------------

void api_call::reply(std::string text) { reply(200, std::move(text)); }

void api_call::reply(std::uint16_t status, std::string text) {
  if (!authorized_)
    return fail(make_api_error(error_code::internal_server_error, "the handler did not authorise"));
  api_response response;
  response.status = status;
  response.body = std::move(text);
  finish(std::move(response));
}

// Whether the reply is what its method promises.
bool api_call::is_good(const api_response& response) {
  // Who asks for a format gets another form of the reply than the one that has a schema.
  if (!lane_.checks_replies || response.status != 200 || method_ == nullptr ||
      method_->output == nullptr || query("format"))
    return true;
  boost::system::error_code failed;
  auto value = parse_json(response.body, failed);
  std::vector<std::string> problems;
  if (failed)
    problems.push_back("it is no JSON: " + failed.message());
  else if (method_->output->apply_defaults(value); method_->output->validate(value, &problems))
    return true;
  std::string text{"the reply does not agree with its schema:"};
  for (const auto& problem : problems)
    text += "\n" + problem;
  fail(make_api_error(error_code::internal_server_error, std::move(text)));
  return false;
}

void api_call::finish(api_response&& response) {
  if (answered_)
    return;
  if (asked_ != nullptr)
    return fail(make_api_error(error_code::internal_server_error, "a question was acted upon"));
  if (!is_good(response))
    return lane_.give_back(response.handed_out);
  answered_ = true;
  record(response.status);
  // The door may begin its next call from within.
  sink_.on_response(std::move(response));
}

void api_call::record(std::uint16_t status) {
  if (method_ == nullptr || asked_ != nullptr)
    return;
  lane_.on.renew_moment();
  const auto ended_us = static_cast<std::int64_t>(lane_.on.unique_us());
  lane_.counts.add(*method_->row, status, ended_us - started_us_);
  if (!lane_.log.enabled())
    return;
  std::string query{"{"};
  for (const auto& [key, value] : query_) {
    if (query.size() > 1)
      query += ',';
    append_json_string(query, key);
    query += ':';
    append_json_string(query, key == "bewit" ? std::string_view{"..."} : std::string_view{value});
  }
  query += '}';
  const bool known = !public_ && caller_ && caller_->authenticated;
  const auto expires = known ? to_iso(caller_->expires) : std::string{};
  request_record about;
  about.service = method_->row->service;
  about.method = method_->row->name;
  // Below `/api/<service>/v1`.
  const auto path = path_of(request_.target);
  about.resource = path.substr(std::min(path.size(), method_->row->service.size() + 8));
  about.verb = request_.verb;
  about.query_json = query;
  about.scopes_json = used_scopes_;
  about.client_id = known ? std::string_view{caller_->client_id} : std::string_view{};
  about.source_ip = request_.source_ip;
  about.trace_id = request_.trace_id;
  about.request_id = request_.request_id;
  about.expires = expires;
  about.time_us = ended_us;
  about.duration_us = about.time_us - started_us_;
  about.status = status;
  about.is_public = public_;
  about.authenticated = known;
  lane_.record(about);
}

}  // namespace troupe
