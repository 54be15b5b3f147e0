#pragma once

#include "gateways/rest/api_call.hpp"
#include "gateways/rest/takeover.hpp"
#include "messages/api_error.hpp"
#include "runtime/auth/credentials.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

class api_door;
class auth_snapshot;
class blob_signer;
class blob_store;
class lane;
class mirror_sites;
class provider_desk;
class request_counts;
class request_guard;
class server_certificate;
class switchboard;
struct settings;

/// What `version` answers.
struct build_info {
  std::string version;
  std::string commit;
  std::string source;
  std::string build;
};

/// What the gateway is made of; everything outlives it.
struct rest_gateway_parts {
  std::vector<lane*> lanes;  ///< by index
  switchboard* board = nullptr;
  const settings* config = nullptr;
  blob_signer* signer = nullptr;
  blob_store* blobs = nullptr;          ///< null: no local artifacts
  const mirror_sites* sites = nullptr;  ///< who is at which; null: there are no copies anywhere
  /// The store that has this key, a copy; null for what `blobs` has.
  std::function<blob_store*(std::string_view key)> copies = {};
  std::string token_key;                 ///< signs continuation tokens; see `derive_key`
  credentials index_client;              ///< signs the links of findArtifactFromTask
  std::shared_ptr<request_guard> guard;  ///< made of `config` when there is none
  build_info build;
  /// True when the back ends are usable (`heartbeat`); called on any lane, must
  /// not block.
  std::function<bool()> healthy;
  /// Replies are held against their schemas: a mistake of ours is found by every test of a debug
  /// build, and costs nobody anything in a release.
#ifdef NDEBUG
  bool checks_replies = false;
#else
  bool checks_replies = true;
#endif
};

/// The HTTP door of a node: one listener, sessions on every lane, the API
/// methods, and the routes of other doors. Set up before the lanes run; `start`
/// and what follows may be called from any thread.
class rest_gateway {
 public:
  explicit rest_gateway(rest_gateway_parts parts);
  ~rest_gateway();

  // Routes besides the API methods: `/tasks/<taskId>`, where `<x>` matches one
  // segment and `<x*>` the rest. Fixed segments win over parameters, whatever
  // the order of the calls.

  void add_page(std::string verb, std::string route, door_access access, page_handler handler);
  void add_stream(std::string verb, std::string route, door_access access, stream_handler handler);
  /// A GET with `Upgrade: websocket`. The same route may also have a page or a
  /// stream for plain GET.
  void add_upgrade(std::string route, door_access access, upgrade_handler handler);

  /// Begins to listen; the port it listens on (another one than asked for when that was 0), or an
  /// error whose message says what to do. `before_accepting` is told the port before the first
  /// connection is served: the moment to make the root URL known.
  outcome<std::uint16_t> start(const std::string& host, std::uint16_t port,
                               const std::function<void(std::uint16_t)>& before_accepting = {});

  /// Begins to serve the same by HTTPS, too; the port, as `start`. After `start`.
  outcome<std::uint16_t> start_https(const std::string& host, std::uint16_t port,
                                     std::shared_ptr<server_certificate> certificate);

  /// Gives the lanes a new snapshot of clients and roles; requests that come
  /// later see it. The first one must be set before `start`. `done` is called on lane 0 when every
  /// lane has gone over to it.
  void set_snapshot(std::shared_ptr<const auth_snapshot> snapshot, std::function<void()> done = {});

  /// Refuses new connections from now on; the open ones go on.
  void stop_accepting();

  /// Lets each connection end after the request it serves, and calls `done` (on
  /// lane 0) when none is left or the time is over, after which the rest is
  /// closed.
  void drain(std::chrono::milliseconds limit, std::function<void()> done);

  /// The API without HTTP, for doors of other kinds.
  api_door& door();

  /// Who asks other systems for credentials.
  provider_desk& providers();

  /// What all lanes have counted since the start; `done` is called on lane 0.
  void collect_counts(std::function<void(const request_counts&)> done);

  /// Open connections on all lanes.
  std::size_t connections() const;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
