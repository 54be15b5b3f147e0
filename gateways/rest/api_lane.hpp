#pragma once

#include "gateways/rest/api_call.hpp"
#include "gateways/rest/handlers/task_intake.hpp"
#include "gateways/rest/page_tokens.hpp"
#include "gateways/rest/request_counts.hpp"
#include "gateways/rest/request_log.hpp"
#include "gateways/rest/rest_gateway.hpp"
#include "gateways/rest/scope_memory.hpp"
#include "messages/json_parser.hpp"
#include "runtime/auth/authenticate.hpp"
#include "runtime/lane/timer_wheel.hpp"

#include <boost/json/monotonic_resource.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

class blob_signer;
class lane;
class mirror_sites;
class provider_desk;
class request_guard;
class served_methods;
class switchboard;
struct settings;

/// What all API calls of one lane share. Used on that lane only, after it was set up.
struct api_lane final : private timer_target {
  /// `parts` must outlive it.
  api_lane(lane& where, const rest_gateway_parts& parts, const served_methods& table);

  lane& on;
  switchboard& board;
  const settings& config;
  const blob_signer* signer;  ///< knows the root URL; null in tests
  const mirror_sites* sites;  ///< null: there are no copies at other sites
  const served_methods& methods;
  const build_info& build;
  const std::function<bool()>& healthy;
  page_tokens tokens;
  provider_desk* providers = nullptr;  ///< asks other systems; null in tests
  const credentials& index_client;     ///< signs links to artifacts that the index leads to
  intake_limits intake;
  std::shared_ptr<request_guard> guard;  ///< the same for all lanes
  timestamp started;
  request_log log;
  request_counts counts;
  std::string scope_buffer;   ///< room for checks of scopes
  scope_memory known_scopes;  ///< what was checked of late

  bool checks_replies;  ///< as `rest_gateway_parts` says

  /// Who may do what, at present; set by `use`.
  auth_snapshot_ptr snapshot;
  certificate_cache certificates;

  ~api_lane() override;
  api_lane(const api_lane&) = delete;
  api_lane& operator=(const api_lane&) = delete;

  /// The root URL, as it stands in messages.
  std::string_view root_url() const;

  /// Goes over to another snapshot.
  void use(auth_snapshot_ptr next);

  /// Who makes the request; the caller without credentials has the scopes of `anonymous`. Bad
  /// credentials are `authentication_failed`. The payload hash is checked, too.
  outcome<caller_ptr> authenticate(const api_request& request);

  /// The same before the body is there: whose hash it must have is for whoever takes it to check.
  struct checked_head {
    caller_ptr by;
    std::string body_hash;  ///< empty: any will do
  };
  outcome<checked_head> authenticate_head(const api_request& request);

  /// The same against other clients; a success or no credentials at all.
  outcome<auth_result> authenticate_among(const auth_snapshot& clients, const api_request& request);

  /// Records a call. The record is in the log soon, by whichever door the call came.
  void record(const request_record& call);

  /// Gives back runs whose claim could not be delivered, and forgets them.
  void give_back(std::vector<handed_out_run>& runs);

  /// Parses JSON into the arena when it is free, into the heap otherwise (a call that is answered
  /// while another one's handler runs). An `arena_lease` must be held.
  outcome<boost::json::value> parse(std::string_view text);

 private:
  friend class arena_lease;

  void on_timer() override;
  void empty_arena();
  outcome<auth_result> check_signature(const auth_snapshot& clients, const api_request& request,
                                       certificate_cache* cache);
  void note_use(const auth_result& of);

  std::vector<unsigned char> arena_memory_;
  std::optional<boost::json::monotonic_resource> arena_;
  json_parser parser_;
  unsigned arena_users_ = 0;
  timer_id log_timer_ = 0;
};

/// Keeps the parsed body of one call in the arena of its lane; when the last one ends the arena is
/// empty again. Whoever holds one lets go of all values before.
class arena_lease {
 public:
  explicit arena_lease(api_lane& lane) : lane_(lane) { ++lane_.arena_users_; }
  ~arena_lease() {
    if (--lane_.arena_users_ == 0)
      lane_.empty_arena();
  }
  arena_lease(const arena_lease&) = delete;
  arena_lease& operator=(const arena_lease&) = delete;

 private:
  api_lane& lane_;
};

}  // namespace troupe
