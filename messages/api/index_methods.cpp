#include "messages/api/index_methods.hpp"

namespace troupe {

namespace {

constexpr std::string_view digits = "^[0-9]+$";
constexpr std::string_view something = ".";
// An index path: components with dots between them.
constexpr std::string_view path = R"(^([a-zA-Z0-9_!~*'()%-]+\.)*[a-zA-Z0-9_!~*'()%-]+$)";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"index", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"index", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"index", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"index", "findTask", "GET", "/task/<indexPath>", R"("index:find-task:<indexPath>")", "", "schemas/index/v1/indexed-task-response", "stable", "Index Service", {{"indexPath", path}}, {}},
    {"index", "findTasksAtIndex", "POST", "/tasks/indexes", R"({"AllOf": [{"each": "index:find-task:<indexPath>", "for": "indexPath", "in": "indexPaths"}]})", "schemas/index/v1/list-tasks-at-index", "schemas/index/v1/list-tasks-response", "experimental", "Index Service", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"index", "listNamespaces", "GET", "/namespaces/<namespace?>", R"("index:list-namespaces:<namespace>")", "", "schemas/index/v1/list-namespaces-response", "stable", "Index Service", {{"namespace", path, false, true}}, {{"continuationToken", something}, {"limit", digits}}},
    {"index", "listNamespacesPost", "POST", "/namespaces/<namespace?>", R"("index:list-namespaces:<namespace>")", "schemas/index/v1/list-namespaces-request", "schemas/index/v1/list-namespaces-response", "deprecated", "Index Service", {{"namespace", path, false, true}}, {}, {}, true},
    {"index", "listTasks", "GET", "/tasks/<namespace?>", R"("index:list-tasks:<namespace>")", "", "schemas/index/v1/list-tasks-response", "stable", "Index Service", {{"namespace", path, false, true}}, {{"continuationToken", something}, {"limit", digits}}},
    {"index", "listTasksPost", "POST", "/tasks/<namespace?>", R"("index:list-tasks:<namespace>")", "schemas/index/v1/list-namespaces-request", "schemas/index/v1/list-tasks-response", "deprecated", "Index Service", {{"namespace", path, false, true}}, {}, {}, true},
    {"index", "insertTask", "PUT", "/task/<namespace>", R"("index:insert-task:<namespace>")", "schemas/index/v1/insert-task-request", "schemas/index/v1/indexed-task-response", "stable", "Index Service", {{"namespace", path}}, {}},
    {"index", "deleteTask", "DELETE", "/task/<namespace>", R"("index:delete-task:<namespace>")", "", "", "stable", "Index Service", {{"namespace", path}}, {}},
    {"index", "findArtifactFromTask", "GET", "/task/<indexPath>/artifacts/<name*>", R"("queue:get-artifact:<name>")", "", "", "stable", "Index Service", {{"indexPath", path}, {"name", "", true}}, {}},
    {"index", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& index_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
