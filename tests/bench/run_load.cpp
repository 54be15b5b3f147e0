#include "tests/bench/measurement.hpp"
#include "tests/bench/mode.hpp"
#include "tests/bench/programs.hpp"

#include <cstdlib>
#include <ctime>
#include <map>

namespace troupe_load {

namespace {

using counted = std::map<std::string, long>;

// What some of the tasks that were created have become.
counted verify(load& of) {
  counted states;
  if (of.given.mode != "lifecycle" || of.known.empty())
    return states;
  for (int i = 0; i < of.given.verify; ++i)
    ++states[of.state_of(of.known[of.random() % of.known.size()])];
  return states;
}

void tell_counted(report& out, const char* name, const counted& counts) {
  out.open(name);
  for (const auto& [what, count] : counts)
    if (count != 0)
      out.count(what, count);
  out.close();
}

void tell_settings(report& out, const options& given) {
  out.text("tool", "troupe_load");
  if (!given.label.empty())
    out.text("label", given.label);
  out.text("mode", given.mode);
  out.text("root_url", given.root_url);
  out.count("concurrency", given.concurrency);
  out.count("batch", given.batch);
  out.count("payload_bytes", given.payload_bytes);
  out.count("group_size", given.group_size);
  out.count("tasks", given.tasks);
}

void tell_work(report& out, const load& of, double seconds) {
  const auto& seen = of.seen;
  out.count("done", of.now.finished);
  out.count("create_failed", of.now.create_failed);
  out.real("seconds", seconds, 4);
  out.real("tasks_per_s", static_cast<double>(of.now.finished) / seconds, 1);
  out.count("requests", seen.requests);
  out.real("requests_per_s", static_cast<double>(seen.requests) / seconds, 1);
  out.count("retries", seen.retries);
  out.count("reconnects", seen.reconnects);
  out.real("mean_claim_batch",
           seen.claim_calls != 0
               ? static_cast<double>(seen.claimed) / static_cast<double>(seen.claim_calls)
               : 0.0,
           2);
  out.count("empty_claims", seen.empty_claims);
  if (of.given.rate > 0)
    out.real("offered_rate", of.given.rate, 1);
  tell_counted(out, "errors", seen.errors);
  if (!seen.first_error.empty())
    out.text("first_error", seen.first_error);
}

void tell_latencies(report& out, const statistics& seen) {
  out.open("latency_us");
  for (std::size_t i = 0; i < operation_names.size(); ++i)
    out.percentiles(operation_names[i], seen.latency_us[i]);
  out.percentiles("handoff_from_create_response", seen.handoff_from_response_us);
  out.percentiles("handoff_from_create_request", seen.handoff_from_request_us);
  out.close();
}

void print_report(const load& of, const measurement& measured, const counted& verified) {
  report out;
  tell_settings(out, of.given);
  tell_work(out, of, measured.seconds());
  if (!verified.empty())
    tell_counted(out, "verified_states", verified);
  tell_latencies(out, of.seen);
  measured.tell(out, of.now.finished, of.seen.requests);
  out.real("mb_in", static_cast<double>(of.seen.bytes_in) / 1e6, 1);
  out.real("mb_out", static_cast<double>(of.seen.bytes_out) / 1e6, 1);
  std::vector<double> averages(3);
  getloadavg(averages.data(), 3);
  out.reals("loadavg", averages, 2);
  out.count("unix_time", std::time(nullptr));
  out.print();
}

bool all_well(const load& of, const counted& verified) {
  for (const auto& [state, count] : verified)
    if (state != "completed")
      return false;
  return of.now.create_failed == 0 && of.now.finished >= of.given.tasks;
}

}  // namespace

int run_load(const options& given) {
  load all{given};
  const auto how = make_mode(given.mode, all);
  how->prepare();
  if (given.warmup > 0)
    all.run_stage(*how, given.warmup);
  all.forget();
  measurement measured{all.given.watch};
  all.run_stage(*how, given.tasks);
  measured.stop();
  const auto verified = verify(all);
  all.drop_connections();
  print_report(all, measured, verified);
  return all_well(all, verified) ? 0 : 1;
}

}  // namespace troupe_load
