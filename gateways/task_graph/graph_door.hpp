#pragma once

namespace troupe {

class rest_gateway;
class switchboard;
struct settings;

/// Adds POST `/api/troupe/v1/task-graph`: creates up to 10,000 tasks with dependencies among them,
/// all or none. The body, of 64 MiB at most, is taken apart as it comes and checked in slices, so
/// that the lane serves others meanwhile.
void add_task_graph_routes(rest_gateway& rest, switchboard& board, const settings& config);

}  // namespace troupe
