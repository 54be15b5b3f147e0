#pragma once

namespace troupe {

class rest_gateway;

/// Adds the page of a task at `/tasks/<taskId>`, and its parts below `/task-page/`.
void add_task_page_routes(rest_gateway& rest);

}  // namespace troupe
