#include "messages/api/object_methods.hpp"

namespace troupe {

namespace {

constexpr std::string_view name = R"(^[\x20-\x7e]+$)";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"object", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"object", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"object", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"object", "createUpload", "PUT", "/upload/<name*>", R"("object:upload:<projectId>:<name>")", "schemas/object/v1/create-upload-request", "schemas/object/v1/create-upload-response", "stable", "Upload", {{"name", name, true}}, {}},
    {"object", "finishUpload", "POST", "/finish-upload/<name*>", R"("object:upload:<projectId>:<name>")", "schemas/object/v1/finish-upload-request", "", "stable", "Upload", {{"name", name, true}}, {}},
    {"object", "startDownload", "PUT", "/start-download/<name*>", R"("object:download:<name>")", "schemas/object/v1/download-object-request", "schemas/object/v1/download-object-response", "stable", "Download", {{"name", name, true}}, {}},
    {"object", "object", "GET", "/metadata/<name*>", R"("object:download:<name>")", "", "schemas/object/v1/get-object-response", "stable", "Objects", {{"name", name, true}}, {}},
    {"object", "download", "GET", "/download/<name*>", R"("object:download:<name>")", "", "", "stable", "Download", {{"name", name, true}}, {}},
    {"object", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& object_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
