#pragma once

#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/request_context.hpp"
#include "gateways/rest/served_methods.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// Which scopes a call takes: asked instead of made, by the same pipeline and handler.
struct scope_question {
  caller_ptr by;  ///< whose scopes are looked at; one who only asks

  bool settled = false;                         ///< the answer is there:
  std::optional<scope_expression> needed = {};  ///< nothing: the call is public
  bool satisfied = false;

  /// When it is not settled: what the call would fail with before scopes are looked at.
  std::optional<api_error> trouble = {};
};

/// One API call, from its bytes to its response: the pipeline of api-conventions section 6. Kept by
/// a door and used again for its next call. The texts of the request stay the door's, until the
/// response came or the call was abandoned.
class api_call final : public request_context, public answer_sink {
 public:
  api_call(api_lane& here, response_sink& to) : lane_(here), sink_(to) {}
  ~api_call() override { abandon(); }

  /// Begins a call; the response comes before this returns, or later.
  void start(const api_request& request);

  /// Checks a call as `start` does, with the scopes' values taken from path and body, and does
  /// nothing: 204, or the error.
  void rehearse(const api_request& request);

  /// Finds out what the call would need, and does nothing. The response says only that `question`
  /// is answered.
  void ask(const api_request& request, std::shared_ptr<scope_question> question);

  /// Answers with an error that the door met while it took the request in.
  void refuse(const api_request& request, api_error error);

  /// The same for a request that is not an API call: the envelope names no method.
  void refuse_unnamed(const api_request& request, api_error error);

  /// True while an actor's answer is awaited.
  bool waiting() const { return waiting_; }

  /// True while a claim is awaited, which is only good for a caller that is there.
  bool abandonable() const { return waiting_ && claim_queue_.has_value(); }

  /// How long the answer may take.
  std::chrono::seconds patience() const;

  /// Nobody wants the answer any more.
  void abandon();

  /// No answer came in time: 503, outcome unknown.
  void time_out();

  /// A waiting claim is answered now, with what it is getting or with no runs (shutdown).
  void release_claim();

  // For handlers.
  api_lane& here() override { return lane_; }
  timestamp now() const override;
  std::string_view method_name() const override { return method_->row->name; }
  std::string_view param(std::string_view name) const override;
  std::optional<std::string_view> query(std::string_view name) const override;
  boost::json::value& body() override { return body_; }
  const api_request& request() const override { return request_; }
  std::string_view header(std::string_view name) const override;
  using request_context::authorize;
  outcome<void> authorize(scope_lookup values) override;
  caller_ptr delegate_authorization() override;
  void reply(std::string json) override;
  void reply(std::uint16_t status, std::string json) override;
  void fail(api_error error) override;
  reply_handle await_answer() override;
  reply_handle await_page(std::string arguments) override;
  reply_handle await_claim(const std::string& queue_id) override;
  void keep(std::shared_ptr<void> until_over) override { kept_ = std::move(until_over); }

  /// The actor's answer.
  void complete(answer&& result) override;

 private:
  void begin(const api_request& request);
  void run(const api_request& request, api_handler handler);
  bool find_route();
  void answer_without_route();
  outcome<void> prepare();
  outcome<void> take_text();
  outcome<void> parse_body();
  outcome<void> check_query();
  outcome<void> check_body();
  outcome<void> identify();
  outcome<void> check_scopes(scope_lookup values);
  void record_scopes(const scope_list& used);
  void stop_waiting();
  api_error settle(std::optional<scope_expression> needed, bool satisfied);
  void take_refusal(answer&& result);
  void close_question(api_error error);
  boost::json::value payload_for_error();
  boost::json::value whole_payload();
  void describe_unforeseen(api_error& error);
  bool is_good(const api_response& response);
  void finish(api_response&& response);
  void record(std::uint16_t status);

  api_lane& lane_;
  response_sink& sink_;
  api_request request_;
  const served_method* method_ = nullptr;
  std::vector<std::string> params_;  // in the order of the method's
  std::vector<std::pair<std::string, std::string>> query_;
  boost::json::value body_;
  caller_ptr caller_;
  std::string body_text_;    // the body in UTF-8, when it came in another charset
  std::string used_scopes_;  // JSON array for the log
  std::string page_arguments_;
  std::optional<std::string> claim_queue_;
  std::shared_ptr<void> kept_;
  std::shared_ptr<scope_question> asked_;  // null: the call is made
  reply_handle handle_;
  std::int64_t started_us_ = 0;
  bool public_ = false;
  bool authorized_ = false;
  bool body_valid_ = false;       // body_ holds the parsed body
  bool body_broken_ = false;      // the text is not JSON: errors show it as it came
  bool body_unreadable_ = false;  // not even text: errors leave it out
  bool waiting_ = false;
  bool answered_ = false;
};

}  // namespace troupe
