#pragma once

#include "runtime/config/mirror_settings.hpp"
#include "runtime/config/object_settings.hpp"
#include "runtime/config/provider_accounts.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

/// A client that exists by configuration: it cannot be changed or deleted over
/// the API.
struct static_client {
  std::string client_id;
  std::string access_token;
  std::vector<std::string> scopes;
  std::string description;
};

/// How log records are written.
enum class log_format : std::uint8_t {
  automatic,  ///< `terminal` on a terminal, `json` otherwise
  json,       ///< one JSON object a line (operations contract, section 1)
  terminal,   ///< for people
};

/// How safe an acknowledged write is against power loss.
enum class durability : std::uint8_t {
  always,    ///< every commit is on the disk before it is answered
  everysec,  ///< a loss of power can cost about the last two seconds
};

/// Whether `X-Forwarded-*` headers count.
enum class proxy_trust : std::uint8_t {
  automatic,  ///< when listening on loopback only
  yes,
  no,
};

/// Where the data of new artifacts of the storage type `s3` go.
enum class artifact_store : std::uint8_t {
  local,  ///< on the disk of the server
  s3,     ///< in buckets of a store that speaks the S3 protocol
};

/// Where the name of a bucket stands in the URLs of a store.
enum class bucket_addressing : std::uint8_t {
  automatic,     ///< in the path for an endpoint of one's own, else in the host
  path,          ///< `https://host/bucket/key`
  virtual_host,  ///< `https://bucket.host/key`
};

/// How workers that a server starts contain the commands of tasks.
enum class worker_containment : std::uint8_t {
  none,        ///< they run as the worker does
  bubblewrap,  ///< each in a sandbox
};

/// Every setting of a server, complete and checked. What a flag, an environment
/// variable or the configuration file can say about each is in
/// `setting_options()`.
struct settings {
  // -- addresses
  // ---------------------------------------------------------------------------------
  std::string listen = "127.0.0.1";
  std::uint16_t http_port = 8080;  ///< 0: any free one; so for all ports
  std::uint16_t zmq_pub_port = 5701;
  std::uint16_t zmq_router_port = 5702;
  std::uint16_t caf_port = 5703;
  std::uint16_t metrics_port = 9100;
  /// Where metrics are told; apart from `listen`, because they ask for no credentials.
  std::string metrics_listen = "127.0.0.1";
  std::string tls_certificate_file;  ///< PEM; empty: HTTPS is not served
  std::string tls_key_file;
  std::uint16_t https_port = 8443;
  std::string https_listen;    ///< empty: as `listen`
  std::string metrics_prefix;  ///< of the names of all metrics, without underscore; empty: none
  /// Scheme, host, optional port, no path, no trailing slash. Empty:
  /// `http://<host>:<port>` of the HTTP door once it listens.
  std::string root_url;

  // -- state
  // -------------------------------------------------------------------------------------
  /// `redis://host:port/db` or `unix:/path`. Empty: `up` starts a private one.
  std::string redis;
  durability durable = durability::always;
  /// Artifacts, log spool files, keys. Empty: a temporary one that goes with
  /// the server.
  std::string data_dir;
  unsigned lanes = 0;  ///< 0: cores - 1, at least 1
  std::uint32_t event_retention_h = 24;
  std::uint32_t event_retention_mib = 1024;

  // -- queue
  // -------------------------------------------------------------------------------------
  std::uint32_t claim_timeout_s = 1200;
  std::uint32_t claim_wait_s = 20;
  std::uint32_t max_task_deadline_days = 5;
  std::uint32_t deadline_grace_s = 60;
  std::uint32_t max_dependencies = 10000;
  std::uint32_t expiration_delay_s = 1800;  ///< of records of workers and queues

  // -- remote workers
  // -------------------------------------------------------------------------------------
  std::uint32_t worker_grace_s = 4;
  std::uint32_t max_remote_workers = 1000;

  // -- local workers
  // --------------------------------------------------------------------------------------
  std::uint32_t local_workers_min = 0;
  std::uint32_t local_workers_max = 0;  ///< 0: none at all
  std::uint32_t local_worker_capacity = 2;
  std::uint32_t local_worker_idle_s = 60;
  worker_containment worker_sandbox = worker_containment::none;

  // -- artifacts
  // ----------------------------------------------------------------------------------
  artifact_store artifacts_in = artifact_store::local;
  std::string s3_endpoint;  ///< empty: that of AWS for the region
  std::string s3_region = "us-east-1";
  bucket_addressing s3_addressing = bucket_addressing::automatic;
  std::string s3_public_bucket;   ///< of artifacts whose names begin with `public/`
  std::string s3_private_bucket;  ///< of all others
  std::string s3_access_key_id;
  std::string s3_secret_file;
  std::string s3_secret;  ///< what is in that file
  bool s3_sign_public_urls = false;
  std::string s3_public_cdn;  ///< what has the public bucket's keys, too; empty: nothing
  bool s3_bulk_delete = true;

  /// Whether a store is configured, be it only for artifacts that were made before.
  bool knows_s3() const {
    return artifacts_in == artifact_store::s3 || !s3_endpoint.empty() ||
           !s3_public_bucket.empty() || !s3_private_bucket.empty() || !s3_access_key_id.empty() ||
           !s3_secret_file.empty();
  }

  // -- objects
  // -------------------------------------------------------------------------------------
  std::string object_backends_file;  ///< empty: all objects are on the disk
  object_settings objects;           ///< what is in that file
  std::string mirrors_file;          ///< empty: no copies at other sites
  mirror_settings mirrors;           ///< what is in that file

  // -- access
  // ------------------------------------------------------------------------------------
  std::vector<static_client> static_clients;
  std::vector<std::string> anonymous_scopes;
  std::uint32_t client_use_interval_s = 21600;  ///< between two notes of a client's use

  // -- secrets
  // -------------------------------------------------------------------------------------
  std::string secrets_keys;      ///< the keys themselves; empty: from a file
  std::string secrets_key_file;  ///< empty: systemd's credential, or that of the data directory

  // -- credentials for other systems
  // -------------------------------------------------------------------------------------
  std::string credential_providers_file;  ///< empty: none is configured
  provider_accounts providers;            ///< what is in that file

  // -- dev mode
  // ------------------------------------------------------------------------------------
  bool dev_mode = false;  ///< reset, maintenance at any time, events for everybody
  std::string dev_token;  ///< who uses dev mode has to show it; empty: nobody has to

  // -- HTTP door
  // ---------------------------------------------------------------------------------
  std::uint32_t keep_alive_s = 95;
  std::uint32_t header_timeout_s = 30;
  std::uint32_t body_timeout_s = 60;  ///< longest pause within a body or a response
  std::uint32_t answer_timeout_s = 25;
  std::uint32_t max_connections = 20000;
  std::uint32_t max_requests_in_flight = 10000;
  std::uint32_t max_header_bytes = 64 * 1024;
  std::uint32_t max_body_bytes = 10 * 1024 * 1024;
  std::uint32_t client_rate_limit = 0;   ///< requests a second; 0: no limit
  std::uint32_t address_rate_limit = 0;  ///< the same of each address but this machine's own
  std::uint32_t rate_limit_burst_s = 10;
  bool nonce_memory = false;  ///< a signature of what changes something counts once
  proxy_trust trust_proxy = proxy_trust::automatic;

  // -- log
  // ---------------------------------------------------------------------------------------
  std::string log_level = "info";
  log_format log_as = log_format::automatic;
  bool log_requests = true;  ///< one `monitor.apiMethod` record a request
};

}  // namespace troupe
