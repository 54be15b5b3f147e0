#include "messages/api/secrets_methods.hpp"

namespace troupe {

namespace {

constexpr std::string_view digits = "^[0-9]+$";
constexpr std::string_view something = ".";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"secrets", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"secrets", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"secrets", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"secrets", "set", "PUT", "/secret/<name*>", R"("secrets:set:<name>")", "schemas/secrets/v1/secret", "", "stable", "Secrets Service", {{"name", "", true}}, {}, "secret"},
    {"secrets", "remove", "DELETE", "/secret/<name*>", R"("secrets:set:<name>")", "", "", "stable", "Secrets Service", {{"name", "", true}}, {}},
    {"secrets", "get", "GET", "/secret/<name*>", R"("secrets:get:<name>")", "", "schemas/secrets/v1/secret", "stable", "Secrets Service", {{"name", "", true}}, {}},
    {"secrets", "list", "GET", "/secrets", R"("secrets:list-secrets")", "", "schemas/secrets/v1/secret-list", "stable", "Secrets Service", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"secrets", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& secrets_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
