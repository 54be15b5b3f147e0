#pragma once

#include "runtime/clock/clock.hpp"
#include "runtime/config/settings.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// How grave a record is; the number is syslog's and stands in the record as `Severity`.
enum class severity : std::uint8_t {
  emergency = 0,
  alert,
  critical,
  error,
  warning,
  notice,
  info,
  debug,
  trace,  ///< written as `DEBUG`
};

/// How the log of this process is set up.
struct log_setup {
  log_format form = log_format::automatic;
  std::string level = "info";   ///< as the setting `log-level`
  bool to_stderr = false;       ///< otherwise to stdout
  std::string version = {};     ///< of the program, in `serviceContext`
  const clock* time = nullptr;  ///< null: the machine's clock
  /// Records that may wait to be written, in bytes. Those beyond it are dropped.
  std::size_t most_bytes = 8 * 1024 * 1024;
};

/// Starts to log; records made before are dropped. Not to be called while others log.
void start_log(const log_setup& setup);

/// Writes what waits, and stops.
void stop_log();

/// Whether such a record would be written. `logger` is the last part of the name, `api` for
/// `taskcluster.queue.api`.
bool log_enabled(severity level, std::string_view logger = {});

/// Logs a record of a type of the operations contract, like `audit-event`. Members named like
/// secrets are blanked at every depth.
void log_record(severity level, std::string_view type, const boost::json::object& fields,
                std::string_view logger = {});

/// Something that people keep was created, updated or deleted, for good.
struct audit_event {
  std::string service;
  std::string entity;  ///< `client`, `role`, `secret`
  std::string id;
  std::string client_id;  ///< who did it
  std::string action;
};

/// Logs an `audit-event`.
void log_audit(const audit_event& what);

/// Logs a sentence for operators.
void log_message(severity level, std::string_view message);

/// Records dropped because too many waited.
std::size_t log_dropped();

// -- many records at little cost
// -------------------------------------------------------------------

/// What stands in a record around its fields.
struct record_head {
  severity level = severity::info;
  std::string_view type;
  std::string_view logger;  ///< complete: `taskcluster.queue.api`
  std::string_view trace_id;
  std::string_view request_id;
  std::string_view message;  ///< for people; may be empty
  std::int64_t time_us = 0;
};

/// Appends one record with its newline in the form of the log. `fields_json` is a complete object
/// without secrets.
void append_record(std::string& out, const record_head& head, std::string_view fields_json);

/// Hands lines made by `append_record` to the log's thread, which writes them a moment later.
void write_records(std::string_view lines);

// -- pieces
// ----------------------------------------------------------------------------------------

/// `taskcluster.troupe` for no service, `taskcluster.queue` for `queue`.
std::string logger_name(std::string_view service);

/// Replaces the value of every member that is named like a secret by `...`, at every depth.
void blank_secrets(boost::json::value& value);

/// One record as JSON, with keys in order (operations contract, section 1).
void append_json_record(std::string& out, const record_head& head, std::string_view fields_json,
                        std::string_view version);

/// One record for people.
void append_terminal_record(std::string& out, const record_head& head,
                            std::string_view fields_json);

}  // namespace troupe
