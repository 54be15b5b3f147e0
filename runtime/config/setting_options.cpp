#include "runtime/config/load_settings.hpp"
#include "runtime/config/setting_values.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace troupe {

namespace {

template <auto Member, std::uint64_t Low, std::uint64_t High>
std::string read_member(settings& into, const std::string& text) {
  std::uint64_t value = 0;
  auto wrong = read_number(text, Low, High, value);
  if (wrong.empty())
    into.*Member = static_cast<std::remove_reference_t<decltype(into.*Member)>>(value);
  return wrong;
}

template <auto Member>
std::string write_number(const settings& from) {
  return std::to_string(from.*Member);
}

template <auto Member>
std::string read_text(settings& into, const std::string& text) {
  into.*Member = text;
  return {};
}

template <auto Member>
std::string write_text(const settings& from) {
  return from.*Member;
}

template <auto Member, auto Reader>
std::string read_by(settings& into, const std::string& text) {
  return Reader(text, into.*Member);
}

template <auto Member>
std::string write_switch(const settings& from) {
  return from.*Member ? "true" : "false";
}

template <class Enum>
struct choice {
  std::string_view name;
  Enum value;
};

constexpr std::array<choice<durability>, 2> durabilities{{
    {"always", durability::always},
    {"everysec", durability::everysec},
}};
constexpr std::array<choice<proxy_trust>, 3> trusts{{
    {"auto", proxy_trust::automatic},
    {"yes", proxy_trust::yes},
    {"no", proxy_trust::no},
}};
constexpr std::array<choice<log_format>, 3> formats{{
    {"auto", log_format::automatic},
    {"json", log_format::json},
    {"terminal", log_format::terminal},
}};

constexpr std::array<choice<artifact_store>, 2> stores{{
    {"local", artifact_store::local},
    {"s3", artifact_store::s3},
}};
constexpr std::array<choice<worker_containment>, 2> containments{{
    {"none", worker_containment::none},
    {"bubblewrap", worker_containment::bubblewrap},
}};
constexpr std::array<choice<bucket_addressing>, 3> addressings{{
    {"auto", bucket_addressing::automatic},
    {"path", bucket_addressing::path},
    {"virtual", bucket_addressing::virtual_host},
}};

template <auto Member, const auto& Choices>
std::string read_choice(settings& into, const std::string& text) {
  std::string known;
  for (const auto& c : Choices) {
    if (text == c.name) {
      into.*Member = c.value;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string{c.name};
  }
  return "'" + text + "' is not one of: " + known;
}

template <auto Member, const auto& Choices>
std::string write_choice(const settings& from) {
  for (const auto& c : Choices)
    if (from.*Member == c.value)
      return std::string{c.name};
  return {};
}

std::string write_hours(const settings& from) {
  return std::to_string(from.event_retention_h) + "h";
}

std::string write_mebibytes(const settings& from) {
  return std::to_string(from.event_retention_mib) + "MiB";
}

std::string write_scopes(const settings& from) {
  std::string text;
  for (const auto& scope : from.anonymous_scopes)
    text += (text.empty() ? "" : ",") + scope;
  return text;
}

std::string write_clients(const settings& from) {
  std::string text;
  for (const auto& client : from.static_clients)
    text += (text.empty() ? "" : ", ") + client.client_id;
  return text;
}

template <std::string settings::*Member>
std::string read_listen(settings& into, const std::string& text) {
  if (text.empty() || text.find_first_of(" /") != std::string::npos)
    return "'" + text + "' is not an address to listen on, like 127.0.0.1 or 0.0.0.0";
  into.*Member = text;
  return {};
}

std::string read_prefix(settings& into, const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (!std::all_of(text.begin(), text.end(), fits) ||
      (!text.empty() && text.front() >= '0' && text.front() <= '9'))
    return "'" + text + "' is not the beginning of a metric's name: letters, digits and _";
  into.metrics_prefix = text;
  return {};
}

// The file is read at once, so that a server which cannot read it does not start.
std::string read_secret(settings& into, const std::string& path) {
  into.s3_secret_file = path;
  return read_secret_file(path, into.s3_secret);
}

std::string read_providers(settings& into, const std::string& path) {
  into.credential_providers_file = path;
  return read_provider_file(path, into.providers);
}

std::string read_objects(settings& into, const std::string& path) {
  into.object_backends_file = path;
  return read_object_file(path, into.objects);
}

std::string read_mirrors(settings& into, const std::string& path) {
  into.mirrors_file = path;
  return read_mirror_file(path, into.mirrors);
}

// It travels in a header.
std::string read_token(settings& into, const std::string& text) {
  const bool fits =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!fits || (!text.empty() && text.size() < 16))
    return "a token has at least 16 characters, all of them printable ASCII without spaces";
  into.dev_token = text;
  return {};
}

#define TROUPE_TEXT(name, value, member, reader, help)                                            \
  setting_option {                                                                                \
    name, value, help, false, &read_by<&settings::member, reader>, &write_text<&settings::member> \
  }
#define TROUPE_NUMBER(name, value, member, low, high, help)               \
  setting_option {                                                        \
    name, value, help, false, &read_member<&settings::member, low, high>, \
        &write_number<&settings::member>                                  \
  }
#define TROUPE_PORT(name, member, help) \
  TROUPE_NUMBER(name, "PORT", member, 0, 65535, help " (0: any free one)")

constexpr std::array options{
    setting_option{"listen", "ADDRESS", "address all doors listen on, but for metrics", false,
                   &read_listen<&settings::listen>, &write_text<&settings::listen>},
    TROUPE_PORT("http-port", http_port, "port of the HTTP API"),
    setting_option{"tls-certificate", "FILE",
                   "PEM file with the certificate of https-port and what it was signed with", false,
                   &read_text<&settings::tls_certificate_file>,
                   &write_text<&settings::tls_certificate_file>},
    setting_option{"tls-key", "FILE", "PEM file with the key of that certificate", false,
                   &read_text<&settings::tls_key_file>, &write_text<&settings::tls_key_file>},
    TROUPE_PORT("https-port", https_port, "port of the same API by HTTPS, with tls-certificate"),
    setting_option{"https-listen", "ADDRESS", "address of that port (default: as listen)", false,
                   &read_listen<&settings::https_listen>, &write_text<&settings::https_listen>},
    TROUPE_PORT("zmq-pub-port", zmq_pub_port, "port of the ZeroMQ event feed"),
    TROUPE_PORT("zmq-router-port", zmq_router_port, "port of ZeroMQ replay requests"),
    TROUPE_PORT("caf-port", caf_port, "port of remote workers, by mutual TLS"),
    TROUPE_PORT("metrics-port", metrics_port, "port of Prometheus metrics"),
    setting_option{"metrics-listen", "ADDRESS", "address of that port, which asks nobody who he is",
                   false, &read_listen<&settings::metrics_listen>,
                   &write_text<&settings::metrics_listen>},
    setting_option{"metrics-prefix", "TEXT", "what the names of all metrics begin with", false,
                   &read_prefix, &write_text<&settings::metrics_prefix>},
    setting_option{"root-url", "URL", "URL by which clients reach this server", false,
                   &read_by<&settings::root_url, read_root_url>, &write_text<&settings::root_url>},
    setting_option{"redis", "ADDRESS", "redis://host:port/db or unix:/path", true,
                   &read_by<&settings::redis, read_redis_address>, &write_text<&settings::redis>},
    setting_option{
        "durability", "MODE",
        "always: safe before it is answered; everysec: a power loss may cost two seconds", false,
        &read_choice<&settings::durable, durabilities>,
        &write_choice<&settings::durable, durabilities>},
    setting_option{"data", "DIR", "directory of artifacts, logs and keys", false,
                   &read_text<&settings::data_dir>, &write_text<&settings::data_dir>},
    TROUPE_NUMBER("lanes", "N", lanes, 0, 256, "threads that serve (0: cores - 1)"),
    setting_option{"event-retention", "TIME", "how long events are kept, like 24h or 7d", false,
                   &read_by<&settings::event_retention_h, read_hours>, &write_hours},
    setting_option{"event-retention-size", "SIZE",
                   "how much of events is kept, like 512MiB or 1GiB", false,
                   &read_by<&settings::event_retention_mib, read_mebibytes>, &write_mebibytes},
    TROUPE_NUMBER("claim-timeout", "SECONDS", claim_timeout_s, 1, 86400,
                  "how long a claim lasts without being renewed"),
    TROUPE_NUMBER("claim-wait", "SECONDS", claim_wait_s, 0, 25,
                  "how long claimWork waits for a task"),
    TROUPE_NUMBER("max-task-deadline-days", "DAYS", max_task_deadline_days, 1, 365,
                  "how far ahead a deadline may be"),
    TROUPE_NUMBER("deadline-grace", "SECONDS", deadline_grace_s, 0, 86400,
                  "how long after its deadline a task is resolved"),
    TROUPE_NUMBER("max-dependencies", "N", max_dependencies, 0, 10000, "dependencies of one task"),
    TROUPE_NUMBER("worker-grace", "SECONDS", worker_grace_s, 0, 3600,
                  "how long a remote worker may be away before its tasks are retried"),
    TROUPE_NUMBER("max-remote-workers", "N", max_remote_workers, 1, 100000,
                  "workers that are connected to caf-port"),
    TROUPE_NUMBER(
        "expiration-delay", "SECONDS", expiration_delay_s, 0, 2592000,
        "how long after they expired tasks, groups, artifacts, workers and queues are deleted"),
    TROUPE_NUMBER("local-workers-min", "N", local_workers_min, 0, 100,
                  "workers of local/default that the server keeps running"),
    TROUPE_NUMBER("local-workers-max", "N", local_workers_max, 0, 100,
                  "workers of local/default that it starts at most, by demand (0: none)"),
    TROUPE_NUMBER("local-worker-capacity", "N", local_worker_capacity, 1, 255,
                  "tasks that one of them runs at once"),
    TROUPE_NUMBER("local-worker-idle", "SECONDS", local_worker_idle_s, 1, 86400,
                  "how long one of them may be without use before it is stopped"),
    setting_option{"worker-sandbox", "none|bubblewrap",
                   "how those workers contain the commands of tasks", false,
                   &read_choice<&settings::worker_sandbox, containments>,
                   &write_choice<&settings::worker_sandbox, containments>},
    setting_option{"artifact-store", "local|s3",
                   "where artifacts of type s3 go: the server's disk, or the buckets below", false,
                   &read_choice<&settings::artifacts_in, stores>,
                   &write_choice<&settings::artifacts_in, stores>},
    TROUPE_TEXT("s3-endpoint", "URL", s3_endpoint, read_endpoint,
                "URL of an S3 store, as clients and the server reach it (default: AWS)"),
    TROUPE_TEXT("s3-region", "REGION", s3_region, read_region, "region of the buckets"),
    setting_option{"s3-addressing", "auto|path|virtual",
                   "where URLs name the bucket: path, or host (auto: host for AWS only)", false,
                   &read_choice<&settings::s3_addressing, addressings>,
                   &write_choice<&settings::s3_addressing, addressings>},
    TROUPE_TEXT("s3-public-bucket", "NAME", s3_public_bucket, read_bucket,
                "bucket of artifacts named public/..."),
    TROUPE_TEXT("s3-private-bucket", "NAME", s3_private_bucket, read_bucket,
                "bucket of all other artifacts"),
    TROUPE_TEXT("s3-access-key-id", "ID", s3_access_key_id, read_key_id,
                "whom the store knows the server by"),
    setting_option{"s3-secret-access-key-file", "FILE", "file with the secret of that key", false,
                   &read_secret, &write_text<&settings::s3_secret_file>},
    setting_option{"s3-sign-public-urls", "true|false",
                   "sign the URLs of public artifacts, too: nobody else may read the bucket", false,
                   &read_by<&settings::s3_sign_public_urls, read_switch>,
                   &write_switch<&settings::s3_sign_public_urls>},
    TROUPE_TEXT("s3-public-cdn", "URL", s3_public_cdn, read_base_url,
                "URL where a CDN has the keys of the public bucket"),
    setting_option{"s3-bulk-delete", "true|false",
                   "whether the store deletes up to 1000 objects by one request", false,
                   &read_by<&settings::s3_bulk_delete, read_switch>,
                   &write_switch<&settings::s3_bulk_delete>},
    setting_option{"object-backends", "FILE",
                   "JSON file with the backends of objects, which takes which, and their caches",
                   false, &read_objects, &write_text<&settings::object_backends_file>},
    setting_option{"mirrors", "FILE", "JSON file with the sites that get copies of artifacts",
                   false, &read_mirrors, &write_text<&settings::mirrors_file>},
    setting_option{"secrets-keys", "KEYS", "keys of secrets, newest first; better by file", true,
                   &read_text<&settings::secrets_keys>, &write_text<&settings::secrets_keys>},
    setting_option{"secrets-key-file", "FILE",
                   "file with the keys of secrets (default: secrets-keys in the data directory)",
                   false, &read_text<&settings::secrets_key_file>,
                   &write_text<&settings::secrets_key_file>},
    setting_option{"credential-providers", "FILE",
                   "JSON file with the accounts by which credentials for other systems are made",
                   false, &read_providers, &write_text<&settings::credential_providers_file>},
    setting_option{"static-clients", "JSON", "clients that exist by configuration", true,
                   &read_by<&settings::static_clients, read_static_clients>, &write_clients},
    setting_option{"anonymous-scopes", "SCOPES", "what everybody may do", false,
                   &read_by<&settings::anonymous_scopes, read_scopes>, &write_scopes},
    setting_option{"dev-mode", "true|false",
                   "for tests of clients: reset, maintenance at any time, events for everybody",
                   false, &read_by<&settings::dev_mode, read_switch>,
                   &write_switch<&settings::dev_mode>},
    setting_option{"dev-token", "TOKEN", "what has to be shown to use dev mode", true, &read_token,
                   &write_text<&settings::dev_token>},
    TROUPE_NUMBER("client-use-interval", "SECONDS", client_use_interval_s, 0, 2592000,
                  "how old a client's lastDateUsed may get before its use is noted again"),
    TROUPE_NUMBER("keep-alive", "SECONDS", keep_alive_s, 1, 3600,
                  "how long an idle connection is kept"),
    TROUPE_NUMBER("header-timeout", "SECONDS", header_timeout_s, 1, 3600,
                  "how long the head of a request may take"),
    TROUPE_NUMBER("body-timeout", "SECONDS", body_timeout_s, 1, 3600,
                  "longest pause within a request or response body"),
    TROUPE_NUMBER("answer-timeout", "SECONDS", answer_timeout_s, 1, 3600,
                  "how long a request waits for its answer before it gets 503"),
    TROUPE_NUMBER("max-connections", "N", max_connections, 1, 1000000, "open HTTP connections"),
    TROUPE_NUMBER("max-requests-in-flight", "N", max_requests_in_flight, 1, 1000000,
                  "requests that wait for an answer"),
    TROUPE_NUMBER("max-header-bytes", "BYTES", max_header_bytes, 4096, 1048576,
                  "size of a request's head"),
    TROUPE_NUMBER("max-body-bytes", "BYTES", max_body_bytes, 65536, 1073741824,
                  "size of a request's body, decompressed"),
    TROUPE_NUMBER("client-rate-limit", "N", client_rate_limit, 0, 1000000,
                  "requests a second that each client may make (0: no limit)"),
    TROUPE_NUMBER("address-rate-limit", "N", address_rate_limit, 0, 1000000,
                  "requests a second from each address but those of this machine (0: no limit)"),
    TROUPE_NUMBER("rate-limit-burst", "SECONDS", rate_limit_burst_s, 1, 3600,
                  "how many seconds' worth of these may come at once"),
    setting_option{"nonce-memory", "true|false",
                   "refuse a signed request that changes something when it comes again", false,
                   &read_by<&settings::nonce_memory, read_switch>,
                   &write_switch<&settings::nonce_memory>},
    setting_option{"trust-proxy", "auto|yes|no", "whether X-Forwarded-* headers count", false,
                   &read_choice<&settings::trust_proxy, trusts>,
                   &write_choice<&settings::trust_proxy, trusts>},
    setting_option{"log-level", "LEVEL", "least severe level that is logged", false,
                   &read_by<&settings::log_level, read_log_level>,
                   &write_text<&settings::log_level>},
    setting_option{"log-format", "auto|json|terminal", "form of log records", false,
                   &read_choice<&settings::log_as, formats>,
                   &write_choice<&settings::log_as, formats>},
    setting_option{"log-requests", "true|false", "one log record a request", false,
                   &read_by<&settings::log_requests, read_switch>,
                   &write_switch<&settings::log_requests>},
};

#undef TROUPE_PORT
#undef TROUPE_NUMBER
#undef TROUPE_TEXT

}  // namespace

std::span<const setting_option> setting_options() { return options; }

}  // namespace troupe
