#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "runtime/lane/switchboard.hpp"

#include <boost/json.hpp>

#include <array>
#include <utility>

namespace troupe::handlers {

namespace {

void report(request_context& call, run_report what) {
  auto& here = call.here();
  const auto run = run_argument(call);
  if (!run)
    return call.fail(run.error());
  here.board.tell(here.on, report_run{task_argument(call), *run, what, call.await_answer()});
}

/// Old workers report failure as `{"success": false}` of reportCompleted.
bool says_failed(request_context& call) {
  const auto* body = call.body().if_object();
  const auto* success = body == nullptr ? nullptr : body->if_contains("success");
  return success != nullptr && success->is_bool() && !success->get_bool();
}

constexpr std::array<std::pair<std::string_view, run_report>, 5> reasons{{
    {"worker-shutdown", run_report::worker_shutdown},
    {"malformed-payload", run_report::malformed_payload},
    {"resource-unavailable", run_report::resource_unavailable},
    {"internal-error", run_report::internal_error},
    {"intermittent-task", run_report::intermittent_task},
}};

}  // namespace

void report_completed(request_context& call) {
  report(call, says_failed(call) ? run_report::failed : run_report::completed);
}

void report_failed(request_context& call) { report(call, run_report::failed); }

void report_exception(request_context& call) {
  const auto reason = text_member(call, "reason");
  for (const auto& [name, what] : reasons)
    if (reason == name)
      return report(call, what);
  call.fail(make_api_error(error_code::input_error, "'" + reason + "' is not a known reason"));
}

}  // namespace troupe::handlers
