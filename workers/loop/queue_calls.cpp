#include "workers/loop/queue_calls.hpp"

#include "messages/json_text.hpp"
#include "workers/worker.hpp"

#include <boost/json.hpp>

namespace troupe {

boost::json::value call_result::json() const {
  boost::system::error_code failed;
  auto value = boost::json::parse(body, failed);
  return failed ? boost::json::value{} : value;
}

namespace {

// Nothing for the two that are no exceptions.
std::string_view exception_reason(run_report report) {
  switch (report) {
    case run_report::completed:
    case run_report::failed:
      return {};
    case run_report::malformed_payload:
      return "malformed-payload";
    case run_report::resource_unavailable:
      return "resource-unavailable";
    case run_report::internal_error:
      return "internal-error";
    case run_report::worker_shutdown:
      return "worker-shutdown";
    case run_report::intermittent_task:
      return "intermittent-task";
  }
  return "internal-error";
}

}  // namespace

queue_call claim_work_call(const worker_options& worker, unsigned count) {
  queue_call call{"/api/queue/v1/claim-work/" + encode_segment(worker.task_queue_id),
                  "{\"workerGroup\":"};
  append_json_string(call.body, worker.worker_group);
  call.body += ",\"workerId\":";
  append_json_string(call.body, worker.worker_id);
  call.body += ",\"tasks\":";
  append_number(call.body, count);
  call.body += '}';
  return call;
}

queue_call reclaim_call(const run_address& run) { return {target_of(run) + "/reclaim", {}}; }

queue_call report_call(const run_address& run, run_report report) {
  if (report == run_report::completed)
    return {target_of(run) + "/completed", {}};
  if (report == run_report::failed)
    return {target_of(run) + "/failed", {}};
  return {target_of(run) + "/exception",
          "{\"reason\":\"" + std::string{exception_reason(report)} + "\"}"};
}

std::string target_of(const run_address& run) {
  return "/api/queue/v1/task/" + run.task.str() + "/runs/" + std::to_string(run.run);
}

std::string encode_segment(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view{"-_.~"}.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
      continue;
    }
    const auto u = static_cast<unsigned char>(c);
    out += '%';
    out += hex[u >> 4];
    out += hex[u & 15];
  }
  return out;
}

}  // namespace troupe
