#include "actors/auth/builtin_clients.hpp"

namespace troupe {

const std::vector<builtin_client>& builtin_clients() {
  static const std::vector<builtin_client> all{
      {"root", {"*"}},
      {"queue", {"*"}},
      {"built-in-workers", {"queue:claim-work:built-in/*", "queue:worker-id:built-in/*"}},
      {"index", {"queue:get-artifact:*", "queue:get-task:*"}},
      {"notify", {"queue:get-task:*"}},
      {"hooks", {"assume:hook-id:*", "notify:email:*", "queue:create-task:*"}},
      {"worker-manager",
       {"assume:worker-id:*", "assume:worker-pool:*", "assume:worker-type:*",
        "auth:create-client:worker/*", "notify:email:*", "queue:claim-work:*",
        "queue:claimed-count:*", "queue:pending-count:*", "queue:worker-id:*",
        "secrets:get:worker-pool:*", "secrets:get:worker-type:*", "worker-manager:remove-worker:*",
        "worker-manager:reregister-worker:*", "worker-manager:should-worker-terminate:*"}},
      {"github",
       {"assume:repo:github.com/*", "assume:scheduler-id:taskcluster-github/*",
        "auth:expand-scopes", "hooks:trigger-hook:*",
        "queue:cancel-task-group:taskcluster-github/*",
        "queue:get-artifact:public/github/customCheckRunAnnotations.json",
        "queue:get-artifact:public/github/customCheckRunText.md",
        "queue:get-artifact:public/logs/live_backing.log", "queue:list-artifacts:*",
        "queue:list-task-group:*", "queue:route:checks", "queue:route:statuses",
        "queue:scheduler-id:taskcluster-github", "queue:seal-task-group:taskcluster-github/*"}},
      {"web-server",
       {"assume:github-org-admin:*", "assume:github-team:*", "assume:login-identity:*",
        "assume:mozilla-group:*", "assume:mozillians-group:*", "auth:create-client:github/*",
        "auth:create-client:mozilla-auth0/*", "auth:delete-client:github/*",
        "auth:delete-client:mozilla-auth0/*", "auth:disable-client:github/*",
        "auth:disable-client:mozilla-auth0/*", "auth:enable-client:github/*",
        "auth:enable-client:mozilla-auth0/*", "auth:reset-access-token:github/*",
        "auth:reset-access-token:mozilla-auth0/*", "auth:update-client:github/*",
        "auth:update-client:mozilla-auth0/*"}},
      {"object", {}},
      {"purge-cache", {}},
      {"secrets", {}},
  };
  return all;
}

}  // namespace troupe
