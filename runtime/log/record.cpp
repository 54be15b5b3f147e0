#include "runtime/log/log.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 9> severity_names{
    "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG"};

constexpr std::array<std::string_view, 7> secret_names{
    "credentials", "accessToken", "password", "secretAccessKey", "secret", "secrets", "bewit"};

/// The members that are the same in every record of this process, up to the logger.
const std::string& host_members() {
  static const std::string text = [] {
    char name[256] = {};
    const bool known = gethostname(name, sizeof name - 1) == 0;
    std::string members = R"(,"Hostname":)";
    append_json_string(members, known ? std::string_view{name} : std::string_view{"unknown"});
    return members + R"(,"Logger":)";
  }();
  return text;
}

const std::string& process_members() {
  static const std::string text = R"(,"Pid":)" + std::to_string(getpid()) + R"(,"Severity":)";
  return text;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string logger_name(std::string_view service) {
  return "taskcluster." + std::string{service.empty() ? "troupe" : service};
}

void blank_secrets(boost::json::value& value) {
  if (auto* list = value.if_array()) {
    for (auto& item : *list)
      blank_secrets(item);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      const std::string_view key{member.key()};
      if (std::find(secret_names.begin(), secret_names.end(), key) != secret_names.end())
        member.value() = "...";
      else
        blank_secrets(member.value());
    }
  }
}

void append_json_record(std::string& out, const record_head& head, std::string_view fields_json,
                        std::string_view version) {
  const auto level = static_cast<unsigned>(head.level);
  out += R"({"EnvVersion":"2.0","Fields":)";
  out += fields_json;
  out += host_members();
  append_json_string(out, head.logger);
  out += process_members();
  out += static_cast<char>('0' + std::min(level, 7u));
  out += R"(,"Timestamp":)";
  append_number(out, static_cast<std::uint64_t>(head.time_us));
  out += R"(000,"Type":)";
  append_json_string(out, head.type);
  if (!head.message.empty()) {
    out += R"(,"message":)";
    append_json_string(out, first_line(head.message));
  }
  if (!head.request_id.empty()) {
    out += R"(,"requestId":)";
    append_json_string(out, head.request_id);
  }
  out += R"(,"serviceContext":{"service":)";
  append_json_string(out, head.logger);
  out += R"(,"version":)";
  append_json_string(out, version);
  out += R"(},"severity":")";
  out += severity_names[level];
  out += '"';
  if (!head.trace_id.empty()) {
    out += R"(,"traceId":)";
    append_json_string(out, head.trace_id);
  }
  out += "}\n";
}

void append_terminal_record(std::string& out, const record_head& head,
                            std::string_view fields_json) {
  // 2026-11-24T12:00:00.123Z -> 12:00:00.123
  const auto iso = to_iso(timestamp{head.time_us / 1000});
  out.append(iso, 11, 12);
  out += ' ';
  out += severity_names[static_cast<std::size_t>(head.level)];
  out += ' ';
  if (!head.message.empty()) {
    out += head.message;
  } else {
    out += head.type;
    out += ' ';
    out += fields_json;
  }
  out += '\n';
}

}  // namespace troupe
