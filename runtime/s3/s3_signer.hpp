#pragma once

#include "messages/timestamp.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// Where the name of a bucket stands in a URL.
enum class s3_addressing : std::uint8_t {
  path,          ///< `https://host/bucket/key`
  virtual_host,  ///< `https://bucket.host/key`
};

/// Where a store is.
struct s3_location {
  bool tls = true;
  std::string host;  ///< lower case; an IPv6 address in brackets
  std::uint16_t port = 443;
  std::string region = "us-east-1";
  s3_addressing addressing = s3_addressing::path;
  std::string service = "s3";  ///< as signatures name it; other services are signed the same way

  friend bool operator==(const s3_location&, const s3_location&) = default;
};

/// The location of an endpoint `http[s]://host[:port]`, which must be one.
s3_location s3_location_of(std::string_view endpoint, std::string_view region,
                           s3_addressing addressing);

/// Whom a store knows us by.
struct s3_credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  ///< of temporary credentials; empty: none
};

/// What is stored where.
struct s3_object {
  std::string bucket;
  std::string key;  ///< as it is, not encoded; empty: the bucket itself
};

/// A request to a store.
struct s3_request {
  std::string verb;
  s3_object object;
  std::vector<std::pair<std::string, std::string>> query = {};    ///< not encoded
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< besides `Host`
  std::string body = {};
};

/// Signs by AWS Signature Version 4: URLs for others, and requests of our own. Pure: what is signed
/// depends on the arguments only.
class s3_signer {
 public:
  s3_signer(s3_location where, s3_credentials who)
      : where_(std::move(where)), who_(std::move(who)) {}

  const s3_location& location() const { return where_; }

  /// The URL of an object without a signature, for what everybody may read.
  std::string url(const s3_object& object) const;

  /// A URL that takes a PUT with exactly this Content-Type, until `lasts` after `now`.
  std::string put_url(const s3_object& object, std::string_view content_type, timestamp now,
                      std::chrono::seconds lasts) const;

  /// A URL that takes a PUT with exactly these headers.
  std::string put_url(const s3_object& object,
                      const std::vector<std::pair<std::string, std::string>>& headers,
                      timestamp now, std::chrono::seconds lasts) const;

  /// A URL that takes a PUT with the query of the request, and no headers.
  std::string put_url(const s3_request& request, timestamp now, std::chrono::seconds lasts) const;

  /// A URL that answers GET until `lasts` after `now`.
  std::string get_url(const s3_object& object, timestamp now, std::chrono::seconds lasts) const;

  /// Adds the headers `x-amz-date`, `x-amz-content-sha256` and `Authorization`, which signs all
  /// headers and the body, to a request that goes out at `now`.
  void sign(s3_request& request, timestamp now) const;

  /// What the `Host` header says for a bucket: without the port that goes without saying.
  std::string host_header(std::string_view bucket) const;

  /// The host that is connected to for a bucket.
  std::string host(std::string_view bucket) const;

  /// Path and query of a request, encoded.
  std::string target(const s3_request& request) const;

 private:
  std::string path(const s3_object& object) const;
  std::string presigned(std::string_view verb, const s3_object& object,
                        std::vector<std::pair<std::string, std::string>> headers, timestamp now,
                        std::chrono::seconds lasts,
                        std::vector<std::pair<std::string, std::string>> query = {}) const;
  std::string signature(std::string_view canonical_request, std::string_view date_time) const;
  std::string scope(std::string_view date_time) const;

  s3_location where_;
  s3_credentials who_;
};

}  // namespace troupe
