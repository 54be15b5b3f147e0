#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// The fields of one `monitor.apiMethod` record (api-conventions section 19).
struct request_record {
  std::string_view service;   ///< `queue`
  std::string_view method;    ///< `createTask`
  std::string_view resource;  ///< path below the service prefix, without query
  std::string_view verb;
  std::string_view query_json;   ///< object of the declared and valid keys
  std::string_view scopes_json;  ///< array of the scopes that were used
  std::string_view client_id;    ///< empty without authentication
  std::string_view source_ip;
  std::string_view trace_id;
  std::string_view request_id;
  std::string_view expires;  ///< of the credentials, ISO; empty: left out
  std::int64_t time_us = 0;
  std::int64_t duration_us = 0;
  std::uint16_t status = 200;
  bool is_public = false;
  bool authenticated = false;
};

/// Collects the records of a lane's requests and hands them to the log in batches, so that a record
/// costs its formatting and nothing else.
class request_log {
 public:
  /// With `enabled` false nothing is recorded.
  explicit request_log(bool enabled) : enabled_(enabled) {}

  bool enabled() const;
  void add(const request_record& record);

  /// Hands over what was collected.
  void flush();

  /// What was collected and not handed over.
  std::string_view waiting() const { return lines_; }

 private:
  bool enabled_;
  std::string lines_;
  std::string fields_;
};

/// The `Fields` object of a record.
void append_request_fields(std::string& out, const request_record& record);

}  // namespace troupe
