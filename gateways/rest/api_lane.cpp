#include "gateways/rest/api_lane.hpp"

#include "gateways/rest/door_access.hpp"
#include "gateways/rest/request_guard.hpp"
#include "gateways/rest/signed_host.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"

namespace troupe {

namespace {

// A body of usual size is parsed without an allocation.
constexpr std::size_t arena_bytes = 256 * 1024;

std::string_view scheme_of(const api_request& request) {
  return request.authorization.empty() ? "bewit" : "hawk";
}

// Records of a busy lane go out many at once and long before.
constexpr std::chrono::seconds longest_unwritten{1};

}  // namespace

api_lane::api_lane(lane& where, const rest_gateway_parts& parts, const served_methods& table)
    : on(where),
      board(*parts.board),
      config(*parts.config),
      signer(parts.signer),
      sites(parts.sites),
      methods(table),
      build(parts.build),
      healthy(parts.healthy),
      tokens(parts.token_key),
      index_client(parts.index_client),
      intake{parts.config->max_dependencies, parts.config->max_task_deadline_days},
      guard(parts.guard ? parts.guard : std::make_shared<request_guard>(*parts.config)),
      started(where.now()),
      log(parts.config->log_requests),
      checks_replies(parts.checks_replies),
      arena_memory_(arena_bytes) {
  empty_arena();
}

api_lane::~api_lane() { on.cancel_timer(log_timer_); }

void api_lane::record(const request_record& call) {
  log.add(call);
  if (log_timer_ == 0 && !log.waiting().empty())
    log_timer_ = on.add_timer(on.now() + longest_unwritten, *this);
}

void api_lane::on_timer() {
  log_timer_ = 0;
  log.flush();
}

// Not by `release`: each block that was needed besides would make the next one twice as large, for
// ever, until there is none so large.
void api_lane::empty_arena() { arena_.emplace(arena_memory_.data(), arena_memory_.size()); }

void api_lane::give_back(std::vector<handed_out_run>& runs) {
  for (const auto& run : runs)
    board.tell(on, return_run{run.task, run.run});
  runs.clear();
}

std::string_view api_lane::root_url() const {
  return signer == nullptr ? config.root_url : signer->root_url();
}

void api_lane::use(auth_snapshot_ptr next) {
  snapshot = std::move(next);
  certificates = {};
  known_scopes.clear();
}

outcome<caller_ptr> api_lane::authenticate(const api_request& request) {
  TROUPE_TRY(auto head, authenticate_head(request));
  if (head.body_hash.empty())
    return std::move(head.by);
  if (auto checked = check_payload_hash(request.body, request.content_type, head.body_hash);
      !checked) {
    counts.add_failure(scheme_of(request), "payload-hash");
    return std::move(checked).error();
  }
  counts.add_success(scheme_of(request), head.by->client_id);
  return std::move(head.by);
}

outcome<api_lane::checked_head> api_lane::authenticate_head(const api_request& request) {
  auto result = check_signature(*snapshot, request, &certificates);
  if (!result) {
    counts.add_failure(scheme_of(request), "credentials");
    guard->note_bad_credentials(request.source_ip, on.now());
    return std::move(result).error();
  }
  if (result->stored != nullptr) {
    TROUPE_CHECK(guard->admit_client(result->client_id, result->stored->id(), on.now()));
    TROUPE_CHECK(guard->admit_signature(request.verb, result->mac, on.now()));
  }
  note_use(*result);
  auto who = std::make_shared<caller>();
  who->client_id = std::move(result->client_id);
  who->scopes = std::move(result->scopes);
  who->expires = result->expires;
  who->authenticated = result->what == auth_result::status::success;
  if (who->authenticated && result->hash.empty())
    counts.add_success(scheme_of(request), who->client_id);
  return checked_head{std::move(who), std::move(result->hash)};
}

outcome<auth_result> api_lane::authenticate_among(const auth_snapshot& clients,
                                                  const api_request& request) {
  TROUPE_TRY(auto result, check_signature(clients, request, nullptr));
  if (!result.hash.empty())
    TROUPE_CHECK(check_payload_hash(request.body, request.content_type, result.hash));
  return result;
}

// One lane tells the owner of the client, once in a while.
void api_lane::note_use(const auth_result& of) {
  if (of.stored == nullptr)
    return;
  const auto now = on.now();
  auto& used_ms = of.stored->used_ms();
  auto known = used_ms.load(std::memory_order_relaxed);
  const auto due = std::int64_t{config.client_use_interval_s} * 1000;
  if (now.ms - known <= due ||
      !used_ms.compare_exchange_strong(known, now.ms, std::memory_order_relaxed))
    return;
  board.tell(on, client_used{of.stored->id(), now});
}

outcome<auth_result> api_lane::check_signature(const auth_snapshot& clients,
                                               const api_request& request,
                                               certificate_cache* cache) {
  const auto refused = [](std::string text) {
    return make_api_error(error_code::authentication_failed, std::move(text));
  };
  if (!request.authorization.empty() && has_bewit(request.target))
    return refused(
        "Cannot use two authentication schemes at once this request has both bewit in querystring "
        "and 'authorization' header");
  const auto hosts = signed_hosts(request.host, request.forwarded_port, request.forwarded_proto,
                                  request.tls || config.root_url.starts_with("https://"));
  request_to_check check;
  check.verb = request.verb;
  check.resource = request.target;
  check.host = hosts.name;
  check.port = hosts.port;
  check.authorization = request.authorization;
  check.now = on.now();
  auto result = troupe::authenticate(clients, check, cache);
  if (result.what == auth_result::status::failed && !hosts.other_port.empty()) {
    check.port = hosts.other_port;
    if (auto again = troupe::authenticate(clients, check, cache);
        again.what == auth_result::status::success)
      result = std::move(again);
  }
  if (result.what == auth_result::status::failed)
    return refused(std::move(result.message));
  return result;
}

outcome<boost::json::value> api_lane::parse(std::string_view text) {
  boost::system::error_code failed;
  auto value = parser_.parse(
      text, arena_users_ == 1 ? boost::json::storage_ptr{&*arena_} : boost::json::storage_ptr{},
      failed);
  if (failed)
    return make_api_error(error_code::malformed_payload,
                          "Failed to parse JSON: " + failed.message());
  // Moving keeps the value where it is; another storage would mean a copy.
  return outcome<boost::json::value>{std::move(value)};
}

}  // namespace troupe
