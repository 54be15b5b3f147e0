#pragma once

#include "gateways/metrics/metrics_text.hpp"
#include "gateways/metrics/process_figures.hpp"
#include "gateways/metrics/resolution_counts.hpp"
#include "gateways/rest/request_counts.hpp"
#include "runtime/mirrors/copy_counts.hpp"
#include "runtime/store/lane_store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// How busy one task queue is.
struct queue_figures {
  std::string queue;
  std::uint64_t pending = 0;
  std::uint64_t claimed = 0;
  std::uint64_t waiting_claims = 0;
  std::uint64_t workers = 0;
  std::uint64_t quarantined = 0;
};

/// Reads what `measure_queues` is answered; nothing of a text that is something else.
std::vector<queue_figures> read_queue_figures(const std::string& text);

/// All that is told of a server at one time.
struct server_figures {
  std::string version;
  std::string commit;
  process_figures process;
  request_counts requests;
  resolution_counts::table resolved;
  std::vector<queue_figures> queues;  ///< each queue once
  lane_store::counters store;
  std::uint64_t connections = 0;
  std::uint64_t requests_in_flight = 0;
  const copy_counts* copies = nullptr;  ///< null: there are no sites with copies
};

/// Writes them; the names and labels are those of operations contract section 3.
std::string write_figures(const server_figures& figures, metrics_format format,
                          const std::string& prefix);

}  // namespace troupe
