#include "gateways/rest/request_log.hpp"

#include "messages/json_text.hpp"
#include "runtime/log/log.hpp"

namespace troupe {

namespace {

// Small enough to stay in the nearest cache until it is handed over.
constexpr std::size_t batch_bytes = 8 * 1024;

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

}  // namespace

void append_request_fields(std::string& out, const request_record& record) {
  out += R"({"apiVersion":"v1","authenticated":)";
  out += record.authenticated ? "true" : "false";
  append_member(out, "clientId", record.client_id);
  out += R"(,"duration":)";
  append_number(out, static_cast<std::uint64_t>(record.duration_us / 1000));
  out += '.';
  const auto fraction = static_cast<unsigned>(record.duration_us % 1000);
  out += static_cast<char>('0' + fraction / 100);
  out += static_cast<char>('0' + fraction / 10 % 10);
  out += static_cast<char>('0' + fraction % 10);
  if (!record.expires.empty())
    append_member(out, "expires", record.expires);
  append_member(out, "method", record.verb);
  append_member(out, "name", record.method);
  out += R"(,"public":)";
  out += record.is_public ? "true" : "false";
  out += R"(,"query":)";
  out += record.query_json;
  append_member(out, "resource", record.resource);
  out += R"(,"satisfyingScopes":)";
  out += record.scopes_json;
  append_member(out, "sourceIp", record.source_ip);
  out += R"(,"statusCode":)";
  append_number(out, record.status);
  out += R"(,"v":2})";
}

bool request_log::enabled() const { return enabled_ && log_enabled(severity::notice, "api"); }

void request_log::add(const request_record& record) {
  fields_.clear();
  append_request_fields(fields_, record);
  std::string logger{"taskcluster."};
  logger += record.service;
  logger += ".api";
  record_head head;
  head.level = severity::notice;
  head.type = "monitor.apiMethod";
  head.logger = logger;
  head.trace_id = record.trace_id;
  head.request_id = record.request_id;
  head.time_us = record.time_us;
  append_record(lines_, head, fields_);
  if (lines_.size() >= batch_bytes)
    flush();
}

void request_log::flush() {
  if (lines_.empty())
    return;
  write_records(lines_);
  lines_.clear();
}

}  // namespace troupe
