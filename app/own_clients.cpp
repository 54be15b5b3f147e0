#include "app/own_clients.hpp"

#include "actors/task/task_scopes.hpp"
#include "app/local_workers.hpp"
#include "messages/timestamp.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/config/server_key.hpp"
#include "runtime/crypto/base64.hpp"

#include <memory>
#include <utility>

namespace troupe {

namespace {

constexpr timestamp far_future{253'402'300'799'000};  // the end of year 9999

credentials own(std::string_view id, std::string_view server_key, std::string_view purpose) {
  return {std::string{id}, base64url(derive_key(server_key, purpose)), {}};
}

auth_client internal_client(const credentials& of, scope_list scopes) {
  return {{of.client_id, of.access_token, std::move(scopes), far_future, false}, "Internal client"};
}

std::string new_token() {
  auto& random = thread_random();
  return make_slugid(random) + make_slugid(random);
}

}  // namespace

own_clients::own_clients(std::string_view server_key)
    : queue(own("static/taskcluster/queue", server_key, "queue-client")),
      index(own("static/taskcluster/index", server_key, "index-client")),
      local_workers(own("static/troupe/local-workers", server_key, "local-workers")),
      issuer(queue.client_id, queue.access_token) {}

void own_clients::equip(company_parts& parts) const {
  parts.credentials = [by = issuer](const task_id& task, run_id run, const worker_name& worker,
                                    timestamp now, timestamp taken_until,
                                    const std::vector<std::string>& scopes) {
    return run_credentials(by, task, run, worker, now, taken_until, scopes, new_token());
  };
  parts.object_credentials = [by = issuer](const std::string& client_id, const std::string& scope,
                                           timestamp now, timestamp until) {
    return credentials_json(by.issue(client_id, {scope}, now, until, new_token()));
  };
}

auth_setup auth_setup_of(const settings& config, std::string_view server_key,
                         const secret_ring& keys, const own_clients& own) {
  auth_setup setup;
  setup.static_clients.push_back(internal_client(own.queue, {"*"}));
  setup.static_clients.push_back(
      internal_client(own.local_workers, local_worker_scopes(local_queue, local_group)));
  for (const auto& entry : config.static_clients)
    setup.static_clients.push_back(
        {{entry.client_id, entry.access_token, entry.scopes, far_future, false},
         entry.description});
  setup.static_clients.push_back(internal_client(own.index, {}));
  setup.anonymous_scopes = config.anonymous_scopes;
  setup.token_keys = std::make_shared<const secret_ring>(keys.derived("access tokens"));
  setup.former_token_key = derive_key(server_key, "access-tokens");
  setup.token_of = [key = std::string{server_key}](std::string_view client_id) {
    return base64url(derive_key(key, "client " + std::string{client_id}));
  };
  return setup;
}

}  // namespace troupe
