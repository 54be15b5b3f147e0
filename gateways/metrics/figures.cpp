#include "gateways/metrics/figures.hpp"

#include "messages/api/method.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace {

struct queue_labels {
  explicit queue_labels(std::string_view queue)
      : provisioner(queue.substr(0, queue.find('/'))),
        worker_type(queue.substr(std::min(queue.size(), provisioner.size() + 1))) {}
  std::string_view provisioner;
  std::string_view worker_type;
};

void write_server(metrics_text& out, const server_figures& figures) {
  out.begin("build_info");
  out.value({{"version", figures.version}, {"git", figures.commit}}, std::uint64_t{1});
  const auto& process = figures.process;
  out.begin("process_cpu_seconds_total");
  out.value({}, process.cpu_seconds);
  out.begin("process_start_time_seconds");
  out.value({}, process.start_time);
  out.begin("process_resident_memory_bytes");
  out.value({}, process.resident_bytes);
  out.begin("process_virtual_memory_bytes");
  out.value({}, process.virtual_bytes);
  out.begin("process_threads");
  out.value({}, process.threads);
  out.begin("process_open_fds");
  out.value({}, process.open_files);
  out.begin("process_max_fds");
  out.value({}, process.most_files);
  out.begin("tcx_http_connections");
  out.value({}, figures.connections);
  out.begin("tcx_requests_in_flight");
  out.value({}, figures.requests_in_flight);
  out.begin("tcx_redis_commits_total");
  out.value({}, figures.store.commits);
  out.begin("tcx_redis_batches_total");
  out.value({}, figures.store.batches);
  out.begin("tcx_redis_reconnects_total");
  out.value({}, figures.store.reconnects);
  out.begin("tcx_events_published_total");
  out.value({}, figures.store.events);
}

void write_requests(metrics_text& out, const request_counts& requests) {
  const auto each = [&](auto write) {
    for (const auto& [method, status, count] : requests.calls()) {
      const auto code = std::to_string(status);
      write(metrics_text::labels{{"method", method->verb},
                                 {"name", method->name},
                                 {"status", code},
                                 {"service", method->service}},
            count);
    }
  };
  out.begin("http_requests_total");
  each([&](metrics_text::labels of, const request_count& count) { out.value(of, count.requests); });
  out.begin("http_request_duration_seconds");
  each([&](metrics_text::labels of, const request_count& count) {
    out.histogram(of, request_seconds, count.within, static_cast<double>(count.total_us) / 1e6);
  });
  out.begin("auth_success_total");
  for (const auto& [key, count] : requests.successes())
    out.value({{"scheme", key.first}, {"clientId", key.second}}, count);
  out.begin("auth_failure_total");
  for (const auto& [key, count] : requests.failures())
    out.value({{"scheme", key.first}, {"reason", key.second}}, count);
}

void write_resolved(metrics_text& out, const resolution_counts::table& resolved) {
  using how = resolution_counts::how;
  const auto family = [&](how wanted, std::string_view name) {
    out.begin(name);
    for (const auto& [key, count] : resolved) {
      const auto& [what, queue, reason] = key;
      if (what != wanted)
        continue;
      const queue_labels labels{queue};
      if (wanted == how::completed)
        out.value({{"provisionerId", labels.provisioner}, {"workerType", labels.worker_type}},
                  count);
      else
        out.value({{"provisionerId", labels.provisioner},
                   {"workerType", labels.worker_type},
                   {"reasonResolved", reason}},
                  count);
    }
  };
  family(how::completed, "queue_completed_tasks");
  family(how::failed, "queue_failed_tasks");
  family(how::exception, "queue_exception_tasks");
}

void write_queues(metrics_text& out, const std::vector<queue_figures>& queues) {
  const auto family = [&](std::string_view name, auto number_of) {
    out.begin(name);
    for (const auto& queue : queues) {
      const queue_labels labels{queue.queue};
      out.value({{"provisionerId", labels.provisioner}, {"workerType", labels.worker_type}},
                number_of(queue));
    }
  };
  family("queue_pending_tasks", [](const queue_figures& of) { return of.pending; });
  family("queue_claimed_tasks", [](const queue_figures& of) { return of.claimed; });
  family("queue_workers_total", [](const queue_figures& of) { return of.workers; });
  family("queue_quarantined_workers", [](const queue_figures& of) { return of.quarantined; });
  family("queue_running_workers", [](const queue_figures& of) { return of.claimed; });
  family("queue_idle_workers", [](const queue_figures& of) {
    const auto busy = of.quarantined + of.claimed;
    return of.workers > busy ? of.workers - busy : std::uint64_t{0};
  });
  family("tcx_claim_waiters", [](const queue_figures& of) { return of.waiting_claims; });
}

void write_copies(metrics_text& out, const copy_counts& sites) {
  const auto family = [&](std::string_view name, auto number_of) {
    out.begin(name);
    for (const auto& [site, counts] : sites)
      out.value({{"site", site}}, std::uint64_t{number_of(counts)});
  };
  family("tcx_mirror_copies_total", [](const site_counts& of) { return of.made.load(); });
  family("tcx_mirror_copied_bytes_total", [](const site_counts& of) { return of.bytes.load(); });
  family("tcx_mirror_failures_total", [](const site_counts& of) { return of.failed.load(); });
  out.begin("tcx_mirror_evictions_total");
  for (const auto& [site, counts] : sites) {
    out.value({{"site", site}, {"reason", "room"}}, counts.made_room.load());
    out.value({{"site", site}, {"reason", "time"}}, counts.had_its_time.load());
  }
  out.begin("tcx_mirror_reads_total");
  for (const auto& [site, counts] : sites) {
    out.value({{"site", site}, {"from", "copy"}}, counts.sent_to_copy.load());
    out.value({{"site", site}, {"from", "source"}}, counts.sent_to_source.load());
  }
}

}  // namespace

std::vector<queue_figures> read_queue_figures(const std::string& text) {
  boost::system::error_code failed;
  const auto value = boost::json::parse(text, failed);
  const auto* rows = failed ? nullptr : value.if_array();
  std::vector<queue_figures> queues;
  if (rows == nullptr)
    return queues;
  for (const auto& row : *rows) {
    const auto* parts = row.if_array();
    if (parts == nullptr || parts->size() != 6 || !parts->front().is_string())
      continue;
    const auto number = [parts](std::size_t at) { return (*parts)[at].to_number<std::uint64_t>(); };
    queues.push_back({std::string{parts->front().get_string()}, number(1), number(2), number(3),
                      number(4), number(5)});
  }
  return queues;
}

std::string write_figures(const server_figures& figures, metrics_format format,
                          const std::string& prefix) {
  metrics_text out(format, prefix);
  write_server(out, figures);
  write_requests(out, figures.requests);
  write_resolved(out, figures.resolved);
  write_queues(out, figures.queues);
  // Every family is told, though without sites none has a value.
  static const copy_counts no_sites;
  write_copies(out, figures.copies == nullptr ? no_sites : *figures.copies);
  return out.finish();
}

}  // namespace troupe
