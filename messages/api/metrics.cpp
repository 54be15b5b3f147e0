#include "messages/api/metrics.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace troupe {

namespace {

using enum metric_kind;

std::vector<metric_label> with(std::vector<metric_label> labels, metric_label last) {
  labels.push_back(last);
  return labels;
}

}  // namespace

std::string_view metric_kind_text(metric_kind kind) {
  switch (kind) {
    case counter:
      return "counter";
    case gauge:
      return "gauge";
    default:
      return "histogram";
  }
}

const std::vector<metric_row>& metric_rows() {
  static const std::vector<metric_label> of_call{{"method", "Verb of the request"},
                                                 {"name", "Name of the API method"},
                                                 {"status", "Status code of the answer"},
                                                 {"service", "Service that the method belongs to"}};
  static const std::vector<metric_label> of_queue{
      {"provisionerId", "First part of the task queue's id"},
      {"workerType", "Second part of the task queue's id"}};
  static const auto of_end = with(of_queue, {"reasonResolved", "Why it ended"});
  static const metric_label site{"site", "Id of the site with copies"};
  static const metric_label scheme{"scheme", "`hawk` or `bewit`"};
  static const std::vector<metric_row> rows{
      {"", "http_requests_total", counter, "API calls that were answered", of_call},
      {"", "http_request_duration_seconds", histogram, "From a request's arrival to its answer",
       of_call},
      {"auth",
       "auth_success_total",
       counter,
       "Requests with good credentials",
       {scheme, {"clientId", "The client; those of tasks and of workers count as one each"}}},
      {"auth",
       "auth_failure_total",
       counter,
       "Requests whose credentials were refused",
       {scheme, {"reason", "What was wrong with them"}}},
      {"queue", "queue_completed_tasks", counter, "Runs that completed", of_queue},
      {"queue", "queue_failed_tasks", counter, "Runs that failed", of_end},
      {"queue", "queue_exception_tasks", counter, "Tasks that ended otherwise", of_end},
      {"queue", "queue_pending_tasks", gauge, "Runs that wait for a worker", of_queue},
      {"queue", "queue_claimed_tasks", gauge, "Runs that a worker has claimed", of_queue},
      {"queue", "queue_workers_total", gauge, "Workers that are known", of_queue},
      {"queue", "queue_quarantined_workers", gauge, "Workers that are given no work", of_queue},
      {"queue", "queue_running_workers", gauge,
       "Workers that run something, taken as one for each claimed run", of_queue},
      {"queue", "queue_idle_workers", gauge, "Workers that could run something and do not",
       of_queue},
      {"troupe", "tcx_claim_waiters", gauge, "Calls of claimWork that wait for a run", of_queue},
      {"troupe", "tcx_http_connections", gauge, "Open connections of the HTTP API"},
      {"troupe", "tcx_requests_in_flight", gauge, "Calls that wait for an actor's answer"},
      {"troupe", "tcx_redis_commits_total", counter, "Changes of state written to Redis"},
      {"troupe", "tcx_redis_batches_total", counter, "Transactions they were written in"},
      {"troupe", "tcx_redis_reconnects_total", counter, "Times the link to Redis was made again"},
      {"troupe", "tcx_events_published_total", counter, "Messages of all exchanges"},
      {"troupe",
       "build_info",
       gauge,
       "The program that runs; always 1",
       {{"version", "Its version"}, {"git", "The commit that it was built of"}}},
      {"troupe", "process_cpu_seconds_total", counter, "CPU time used, in user and system mode"},
      {"troupe", "process_start_time_seconds", gauge, "When the process started, Unix time"},
      {"troupe", "process_resident_memory_bytes", gauge, "Memory in use"},
      {"troupe", "process_virtual_memory_bytes", gauge, "Address space in use"},
      {"troupe", "process_threads", gauge, "Threads"},
      {"troupe", "process_open_fds", gauge, "Open file descriptors"},
      {"troupe", "process_max_fds", gauge, "File descriptors there may be"},
      {"troupe", "tcx_mirror_copies_total", counter, "Copies that were made", {site}},
      {"troupe", "tcx_mirror_copied_bytes_total", counter, "Bytes of these copies", {site}},
      {"troupe", "tcx_mirror_failures_total", counter, "Copies that could not be made", {site}},
      {"troupe",
       "tcx_mirror_evictions_total",
       counter,
       "Copies that left before what they are of was removed",
       {site, {"reason", "`room` for others, or `time`: nobody read it, or it expired"}}},
      {"troupe",
       "tcx_mirror_reads_total",
       counter,
       "Readers at the site",
       {site, {"from", "Where they were sent: to the `copy` or to the `source`"}}}};
  return rows;
}

const metric_row& metric_named(std::string_view name) {
  const auto& rows = metric_rows();
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
  if (found == rows.end())
    throw std::logic_error{"no metric is named " + std::string{name}};
  return *found;
}

}  // namespace troupe
