#include "gateways/why/why_door.hpp"

#include "gateways/rest/api_door.hpp"
#include "gateways/rest/api_pipeline.hpp"
#include "gateways/rest/door_access.hpp"
#include "gateways/rest/door_call.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/why/why_answer.hpp"
#include "gateways/why/why_request.hpp"
#include "messages/api/troupe_methods.hpp"
#include "messages/json_parser.hpp"
#include "runtime/auth/claimant.hpp"
#include "runtime/lane/lane.hpp"

#include <memory>
#include <utility>

namespace troupe {

namespace {

constexpr std::string_view door_name = "why";
constexpr std::size_t most_bytes = 10 * 1024 * 1024;  // as a call may have

class why_call final : public door_call {
 public:
  why_call(api_door& api, const door_request& request, std::shared_ptr<response_stream> to)
      : door_call(door_name, request, std::move(to)), api_(api) {}

  bool on_bytes(std::string_view bytes) override {
    if (!awaited())
      return true;
    text_ += bytes;
    if (text_.size() > most_bytes)
      fail(make_api_error(error_code::input_too_large, "A question may have 10 MiB at most."));
    return true;
  }

 private:
  // Whose rights are asked about.
  struct subject {
    caller who;
    std::string trouble;
  };

  outcome<void> begin() override {
    TROUPE_CHECK(check_body(text_));
    boost::system::error_code failed;
    const auto body = parse_json(text_, failed);
    if (failed)
      return make_api_error(error_code::malformed_payload,
                            "Failed to parse JSON: " + failed.message());
    TROUPE_TRY(question_,
               why_request::read(body, [this](std::string_view service, std::string_view name) {
                 return api_.method(service, name);
               }));
    snapshot_ = api_.snapshot(on());
    TROUPE_TRY(subject_, find_subject());
    ask();
    return boost::system::in_place_value;
  }

  outcome<subject> find_subject() const {
    subject found;
    if (question_.client_id) {
      const auto& id = *question_.client_id;
      TROUPE_CHECK(demand_scope(*by(), "auth:why:" + id));
      const auto* client = snapshot_->find(id);
      if (client == nullptr)
        return make_api_error(error_code::resource_not_found, "There is no client '" + id + "'");
      found.trouble = load_client(*snapshot_, id, on().now(), client);
      found.who.client_id = id;
      found.who.authenticated = true;
      found.who.scopes = client->with_anonymous();
    } else if (question_.scopes) {
      TROUPE_CHECK(demand_scope(*by(), "auth:expand-scopes"));
      found.who.authenticated = true;
      found.who.scopes = snapshot_->expand_with_anonymous(*question_.scopes);
    } else {
      found.who = *by();
    }
    return found;
  }

  void ask() {
    const auto& method = *question_.method;
    api_request request;
    request.verb = method.verb;
    request.target = question_.target;
    request.body = question_.body;
    if (!question_.body.empty() || !method.input.empty())
      request.content_type = "application/json";
    // What it calls is dropped with the ticket, which is a part of this.
    ticket_ = api_.ask(on(), request, subject_.who,
                       [this](scope_question&& answered) { answer(std::move(answered)); });
  }

  void answer(scope_question&& answered) {
    if (!answered.settled)
      return fail(*answered.trouble);
    why_findings found{*question_.method};
    found.client_id = subject_.who.client_id;
    found.have = subject_.who.scopes;
    // Credentials that cannot be used are good for what is public, where nobody looks at them.
    found.satisfied = answered.satisfied && (subject_.trouble.empty() || !answered.needed);
    found.trouble = subject_.trouble;
    found.needed = std::move(answered.needed);
    if (by()->scopes->satisfies("auth:list-roles"))
      found.roles = &snapshot_->roles();
    api_response response;
    response.body = why_answer(found);
    respond(std::move(response));
  }

  void on_let_go() override { text_.clear(); }

  api_door& api_;
  std::string text_;
  why_request question_;
  auth_snapshot_ptr snapshot_;
  subject subject_;
  std::shared_ptr<api_door::ticket> ticket_;
};

}  // namespace

void add_why_route(rest_gateway& rest) {
  const auto& row = troupe_method(door_name);
  rest.add_stream(
      std::string{row.verb}, troupe_route(row), door_access::caller_of_body,
      [&rest](door_request&& request,
              std::shared_ptr<response_stream> stream) -> std::shared_ptr<body_consumer> {
        const auto coding = request.header("content-encoding");
        if (coding.empty() || coding == "identity")
          return std::make_shared<why_call>(rest.door(), request, std::move(stream));
        stream->respond(
            door_failure(*request.on, door_name,
                         make_api_error(error_code::unsupported_encoding,
                                        "a question is sent as it is, without content encoding")));
        return nullptr;
      });
}

}  // namespace troupe
