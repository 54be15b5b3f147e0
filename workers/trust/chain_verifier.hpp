#pragma once

#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/queue_client/queue_client.hpp"
#include "workers/trust/verifying_key.hpp"

#include <boost/json/object.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// What was found out about a task of a chain of trust.
struct trust_link {
  std::string task_id;
  int run_id = 0;
  std::string key;                     ///< the public key of who signed for it
  std::vector<std::string> artifacts;  ///< those that are as they were signed
  std::string problem;                 ///< empty: it is to be trusted
  std::string task_queue_id = {};
  /// SHA-256 of what the certificate names.
  std::map<std::string, std::string> sums = {};
};

/// Looks at a task and all that it was made of: its dependencies, the tasks of its
/// `upstreamArtifacts`, and so on. Each must have a certificate, signed by a known key, of this
/// task and run and of the definition that the queue has; and its artifacts must be those of the
/// certificate (workers contract, section 4, steps 1 to 3).
class chain_verifier {
 public:
  chain_verifier(std::string root_url, credentials by, verifying_keys keys, std::size_t most_tasks);

  /// The task first, then what it was made of. The error says why that could not be found out.
  outcome<std::vector<trust_link>> verify(const std::string& task);

  /// The same of what a task is made of that has not run yet, without its artifacts: who uses one
  /// compares it with its sum. Ends early, with an error, when `give_up` becomes true.
  outcome<std::vector<trust_link>> verify_sources(const boost::json::object& task,
                                                  const std::atomic<bool>& give_up);

 private:
  enum class artifacts { compared, named };

  outcome<std::vector<trust_link>> walk(std::vector<std::string> known, artifacts how,
                                        const std::atomic<bool>* give_up);
  outcome<boost::json::object> get(const std::string& target);
  outcome<void> fetch(const trust_link& of, const std::string& name,
                      const std::function<bool(std::string_view)>& take, std::string& problem);
  outcome<std::string> fetch_text(trust_link& of, std::string_view name);
  outcome<void> check(trust_link& link, std::vector<std::string>& next, artifacts how);
  outcome<void> check_artifacts(trust_link& link, const boost::json::object& certificate);

  credentials by_;
  verifying_keys keys_;
  std::size_t most_tasks_;
  queue_client client_;
};

}  // namespace troupe
