#include "messages/api/troupe_methods.hpp"

#include <stdexcept>

namespace troupe {

namespace {

constexpr std::string_view slugid =
    "^[A-Za-z0-9_-]{8}[Q-T][A-Za-z0-9_-][CGKOSWaeimquy26-][A-Za-z0-9_-]{10}[AQgw]$";
// What tasks of a graph need is what createTask needs for each of them.
constexpr std::string_view of_tasks =
    R"({"AllOf":[{"for":"scope","in":"scopesOfTasks","each":"<scope>"}]})";
constexpr std::string_view of_others =
    R"({"if":"aboutClient","then":"auth:why:<clientId>",
        "else":{"if":"aboutScopes","then":"auth:expand-scopes"}})";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"troupe", "explain", "GET", "/task/<taskId>/explain", R"("queue:status:<taskId>")", "", "schemas/troupe/v1/explain-response", "experimental", "Tasks", {{"taskId", slugid}}, {}},
    {"troupe", "createTaskGraph", "POST", "/task-graph", of_tasks, "schemas/troupe/v1/task-graph-request", "schemas/troupe/v1/task-graph-response", "experimental", "Tasks", {}, {}},
    {"troupe", "why", "POST", "/why", of_others, "schemas/troupe/v1/why-request", "schemas/troupe/v1/why-response", "experimental", "Scopes", {}, {}},
    {"troupe", "maintenance", "POST", "/maintenance", R"("troupe:maintenance:<job>")", "schemas/troupe/v1/maintenance-request", "schemas/troupe/v1/maintenance-response", "experimental", "Operation", {}, {}},
    {"troupe", "purgeMirror", "DELETE", "/mirror/<siteId>/<blob*>", R"("troupe:purge-mirror:<siteId>:<blob>")", "", "", "experimental", "Operation", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& troupe_methods() {
  static const auto methods = make_methods();
  return methods;
}

const api_method& troupe_method(std::string_view name) {
  for (const auto& method : troupe_methods())
    if (method.name == name)
      return method;
  throw std::logic_error("there is no method troupe." + std::string{name});
}

std::string troupe_route(const api_method& method) {
  return "/api/troupe/v1" + std::string{method.route};
}

}  // namespace troupe
