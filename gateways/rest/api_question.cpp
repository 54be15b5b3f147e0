// Calls that are asked about instead of made.

#include "gateways/rest/api_pipeline.hpp"
#include "runtime/scopes/demand.hpp"

namespace troupe {

// Every way to an effect leads through `authorize`, which then always refuses, or through
// `delegate_authorization` to an actor that demands scopes, which a caller who only asks never
// has. So the handler itself says what it would ask for, and gets no further.
void api_call::ask(const api_request& request, std::shared_ptr<scope_question> question) {
  asked_ = std::move(question);
  start(request);
}

api_error api_call::settle(std::optional<scope_expression> needed, bool satisfied) {
  // A handler that asks for several things is answered by the first.
  if (!asked_->settled) {
    asked_->settled = true;
    asked_->needed = std::move(needed);
    asked_->satisfied = satisfied;
  }
  return make_api_error(error_code::insufficient_scopes, "this was only a question");
}

void api_call::take_refusal(answer&& result) {
  lane_.give_back(result.handed_out);
  if (!result.error)
    return fail(make_api_error(error_code::internal_server_error, "a question was acted upon"));
  if (auto needed = asked_expression(*result.error)) {
    const bool satisfied = satisfies(*asked_->by->scopes, *needed);
    return fail(settle(std::move(needed), satisfied));
  }
  fail(std::move(*result.error));
}

void api_call::close_question(api_error error) {
  if (!asked_->settled)
    asked_->trouble = std::move(error);
  answered_ = true;
  sink_.on_response({});
}

}  // namespace troupe
