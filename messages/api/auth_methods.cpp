#include "messages/api/auth_methods.hpp"

namespace troupe {

namespace {

// Patterns of parameters (auth contract, sections 1, 12 and 13).
constexpr std::string_view client_id = "^[A-Za-z0-9!@/:.+|_-]+$";
constexpr std::string_view role_id = R"(^[\x20-\x7e]+$)";
constexpr std::string_view entity_type = "^(client|role|secret|hook|worker-pool)$";
constexpr std::string_view anything = R"(^[\x20-\x7e]+$)";
constexpr std::string_view level = "^(read-only|read-write)$";
constexpr std::string_view bucket = "^[a-z0-9][a-z0-9-]{1,62}[a-z0-9]$";
constexpr std::string_view account = "^[a-z0-9]{3,24}$";
constexpr std::string_view table = "^[A-Za-z][A-Za-z0-9]{2,62}$";
constexpr std::string_view container = "^(?!.*[-]{2})[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$";
constexpr std::string_view project = "^[a-zA-Z0-9_-]{1,64}$";
constexpr std::string_view wst_audience = "^[a-zA-Z0-9_-]{1,38}$";
constexpr std::string_view wst_client = "^[a-zA-Z0-9_~.%-]+$";
constexpr std::string_view app_name = "^[a-zA-Z0-9_-]+$";
constexpr std::string_view owner = "^[A-Za-z0-9._-]+$";

// Patterns of queries.
constexpr std::string_view digits = "^[0-9]+$";
constexpr std::string_view something = ".";
constexpr std::string_view format = "^iam-role-compat$";

std::vector<api_method> make_methods() {
  // clang-format off
  return {
    {"auth", "ping", "GET", "/ping", "", "", "", "stable", "Monitoring", {}, {}},
    {"auth", "lbheartbeat", "GET", "/__lbheartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
    {"auth", "version", "GET", "/__version__", "", "", "", "stable", "Monitoring", {}, {}},
    {"auth", "listClients", "GET", "/clients/", R"("auth:list-clients")", "", "schemas/auth/v1/list-clients-response", "stable", "Clients", {}, {{"prefix", client_id}, {"continuationToken", something}, {"limit", digits}}},
    {"auth", "client", "GET", "/clients/<clientId>", R"("auth:get-client:<clientId>")", "", "schemas/auth/v1/get-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "createClient", "PUT", "/clients/<clientId>", R"({"AllOf": ["auth:create-client:<clientId>", {"each": "<scope>", "for": "scope", "in": "scopes"}]})", "schemas/auth/v1/create-client-request", "schemas/auth/v1/create-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "getEntityHistory", "GET", "/audit/<entityType>/<entityId>", R"("auth:audit-history:<entityType>")", "", "schemas/auth/v1/get-entity-history-response", "stable", "Audit", {{"entityType", entity_type, false}, {"entityId", anything, false}}, {{"continuationToken", something}, {"limit", digits}}},
    {"auth", "listAuditHistory", "GET", "/clients/<clientId>/audit", R"("auth:client-audit-history:<clientId>")", "", "schemas/auth/v1/get-entity-history-response", "stable", "Audit", {{"clientId", client_id, false}}, {{"continuationToken", something}, {"limit", digits}}},
    {"auth", "resetAccessToken", "POST", "/clients/<clientId>/reset", R"("auth:reset-access-token:<clientId>")", "", "schemas/auth/v1/create-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "updateClient", "POST", "/clients/<clientId>", R"({"AllOf": ["auth:update-client:<clientId>", {"each": "<scope>", "for": "scope", "in": "scopesAdded"}]})", "schemas/auth/v1/create-client-request", "schemas/auth/v1/get-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "enableClient", "POST", "/clients/<clientId>/enable", R"("auth:enable-client:<clientId>")", "", "schemas/auth/v1/get-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "disableClient", "POST", "/clients/<clientId>/disable", R"("auth:disable-client:<clientId>")", "", "schemas/auth/v1/get-client-response", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "deleteClient", "DELETE", "/clients/<clientId>", R"("auth:delete-client:<clientId>")", "", "", "stable", "Clients", {{"clientId", client_id, false}}, {}},
    {"auth", "listRoles", "GET", "/roles/", R"("auth:list-roles")", "", "schemas/auth/v1/list-roles-response", "stable", "Roles", {}, {}},
    {"auth", "listRoles2", "GET", "/roles2/", R"("auth:list-roles")", "", "schemas/auth/v1/list-roles2-response", "stable", "Roles", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"auth", "listRoleIds", "GET", "/roleids/", R"("auth:list-roles")", "", "schemas/auth/v1/list-role-ids-response", "stable", "Roles", {}, {{"continuationToken", something}, {"limit", digits}}},
    {"auth", "role", "GET", "/roles/<roleId>", R"("auth:get-role:<roleId>")", "", "schemas/auth/v1/get-role-response", "stable", "Roles", {{"roleId", role_id, false}}, {}},
    {"auth", "createRole", "PUT", "/roles/<roleId>", R"({"AllOf": ["auth:create-role:<roleId>", {"each": "<scope>", "for": "scope", "in": "scopes"}]})", "schemas/auth/v1/create-role-request", "schemas/auth/v1/get-role-response", "stable", "Roles", {{"roleId", role_id, false}}, {}},
    {"auth", "updateRole", "POST", "/roles/<roleId>", R"({"AllOf": ["auth:update-role:<roleId>", {"each": "<scope>", "for": "scope", "in": "scopesAdded"}]})", "schemas/auth/v1/create-role-request", "schemas/auth/v1/get-role-response", "stable", "Roles", {{"roleId", role_id, false}}, {}},
    {"auth", "deleteRole", "DELETE", "/roles/<roleId>", R"("auth:delete-role:<roleId>")", "", "", "stable", "Roles", {{"roleId", role_id, false}}, {}},
    {"auth", "expandScopes", "POST", "/scopes/expand", R"("auth:expand-scopes")", "schemas/auth/v1/scopeset", "schemas/auth/v1/scopeset", "stable", "Scopes and Auth", {}, {}},
    {"auth", "currentScopes", "GET", "/scopes/current", R"("auth:current-scopes")", "", "schemas/auth/v1/scopeset", "stable", "Scopes and Auth", {}, {}},
    {"auth", "awsS3Credentials", "GET", "/aws/s3/<level>/<bucket>/<prefix*>", R"({"else": "auth:aws-s3:read-write:<bucket>/<prefix>", "if": "levelIsReadOnly", "then": {"AnyOf": ["auth:aws-s3:read-only:<bucket>/<prefix>", "auth:aws-s3:read-write:<bucket>/<prefix>"]}})", "", "schemas/auth/v1/aws-s3-credentials-response", "stable", "AWS Credentials", {{"level", level, false}, {"bucket", bucket, false}, {"prefix", "", true}}, {{"format", format}}},
    {"auth", "azureAccounts", "GET", "/azure/accounts", R"("auth:azure-table:list-accounts")", "", "schemas/auth/v1/azure-account-list-response", "deprecated", "Azure Credentials", {}, {}},
    {"auth", "azureTables", "GET", "/azure/<account>/tables", R"("auth:azure-table:list-tables:<account>")", "", "schemas/auth/v1/azure-table-list-response", "deprecated", "Azure Credentials", {{"account", account, false}}, {{"continuationToken", something}}},
    {"auth", "azureTableSAS", "GET", "/azure/<account>/table/<table>/<level>", R"({"else": "auth:azure-table:read-write:<account>/<table>", "if": "levelIsReadOnly", "then": {"AnyOf": ["auth:azure-table:read-only:<account>/<table>", "auth:azure-table:read-write:<account>/<table>"]}})", "", "schemas/auth/v1/azure-table-access-response", "deprecated", "Azure Credentials", {{"account", account, false}, {"table", table, false}, {"level", level, false}}, {}},
    {"auth", "azureContainers", "GET", "/azure/<account>/containers", R"("auth:azure-container:list-containers:<account>")", "", "schemas/auth/v1/azure-container-list-response", "deprecated", "Azure Credentials", {{"account", account, false}}, {{"continuationToken", something}}},
    {"auth", "azureContainerSAS", "GET", "/azure/<account>/containers/<container>/<level>", R"({"else": "auth:azure-container:read-write:<account>/<container>", "if": "levelIsReadOnly", "then": {"AnyOf": ["auth:azure-container:read-only:<account>/<container>", "auth:azure-container:read-write:<account>/<container>"]}})", "", "schemas/auth/v1/azure-container-response", "deprecated", "Azure Credentials", {{"account", account, false}, {"container", container, false}, {"level", level, false}}, {}},
    {"auth", "sentryDSN", "GET", "/sentry/<project>/dsn", R"("auth:sentry:<project>")", "", "schemas/auth/v1/sentry-dsn-response", "stable", "Sentry Credentials", {{"project", project, false}}, {}},
    {"auth", "websocktunnelToken", "GET", "/websocktunnel/<wstAudience>/<wstClient>", R"("auth:websocktunnel-token:<wstAudience>/<wstClient>")", "", "schemas/auth/v1/websocktunnel-token-response", "stable", "Websocktunnel Credentials", {{"wstAudience", wst_audience, false}, {"wstClient", wst_client, false}}, {}},
    {"auth", "gcpCredentials", "GET", "/gcp/credentials/<projectId>/<serviceAccount>", R"("auth:gcp:access-token:<projectId>/<serviceAccount>")", "", "schemas/auth/v1/gcp-credentials-response", "stable", "GCP Credentials", {{"projectId", "", false}, {"serviceAccount", "", false}}, {}},
    {"auth", "githubRepoToken", "POST", "/github/<appName>/<owner>/repo-token", R"({"AllOf": [{"each": "auth:github-repo-token:<appName>/<owner>/<repoPerm>", "for": "repoPerm", "in": "repoPerms"}]})", "schemas/auth/v1/github-repo-token-request", "schemas/auth/v1/github-token-response", "experimental", "Github Credentials", {{"appName", app_name, false}, {"owner", owner, false}}, {}},
    {"auth", "authenticateHawk", "POST", "/authenticate-hawk", "", "schemas/auth/v1/authenticate-hawk-request", "schemas/auth/v1/authenticate-hawk-response", "stable", "Scopes and Auth", {}, {}},
    {"auth", "testAuthenticate", "POST", "/test-authenticate", "", "schemas/auth/v1/test-authenticate-request", "schemas/auth/v1/test-authenticate-response", "stable", "Scopes and Auth", {}, {}},
    {"auth", "testAuthenticateGet", "GET", "/test-authenticate-get/", "", "", "schemas/auth/v1/test-authenticate-response", "stable", "Scopes and Auth", {}, {}},
    {"auth", "heartbeat", "GET", "/__heartbeat__", "", "", "", "stable", "Monitoring", {}, {}},
  };
  // clang-format on
}

}  // namespace

const std::vector<api_method>& auth_methods() {
  static const auto methods = make_methods();
  return methods;
}

}  // namespace troupe
