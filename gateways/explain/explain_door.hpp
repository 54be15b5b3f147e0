#pragma once

namespace troupe {

class rest_gateway;
class switchboard;

/// Adds GET `/api/troupe/v1/task/<taskId>/explain`: why the task does not run, in order of
/// importance, with what would change it. For who may see its status: `queue:status:<taskId>`. The
/// task is asked first, and then those it names: its dependencies while it is unscheduled, its
/// queue, the workers of that and their pool while it is pending, and its group.
void add_explain_routes(rest_gateway& rest, switchboard& board);

}  // namespace troupe
