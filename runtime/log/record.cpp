#include "runtime/log/log.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <deque>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 9> severity_names{
    "EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG"};

constexpr std::array<std::string_view, 7> secret_names{
    "credentials", "accessToken", "password", "secretAccessKey", "secret", "secrets", "bewit"};

/// What stands in every record of a logger, put together once.
struct logger_texts {
  std::string logger;
  std::string version;
  std::string before_severity;  // `,"Hostname":...,"Severity":`
  std::string context;          // `,"serviceContext":...,"severity":"`
};

logger_texts texts_for(std::string_view logger, std::string_view version) {
  char name[256] = {};
  const bool known = gethostname(name, sizeof name - 1) == 0;
  logger_texts texts{std::string{logger}, std::string{version}, R"(,"Hostname":)",
                     R"(,"serviceContext":{"service":)"};
  append_json_string(texts.before_severity,
                     known ? std::string_view{name} : std::string_view{"unknown"});
  texts.before_severity += R"(,"Logger":)";
  append_json_string(texts.before_severity, logger);
  texts.before_severity += R"(,"Pid":)" + std::to_string(getpid()) + R"(,"Severity":)";
  append_json_string(texts.context, logger);
  texts.context += R"(,"version":)";
  append_json_string(texts.context, version);
  texts.context += R"(},"severity":")";
  return texts;
}

// A program has a handful of loggers; most records are of one or two.
const logger_texts& texts_of(std::string_view logger, std::string_view version) {
  thread_local std::deque<logger_texts> all;
  for (const auto& texts : all)
    if (texts.logger == logger && texts.version == version)
      return texts;
  return all.emplace_back(texts_for(logger, version));
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
  const auto& texts = texts_of(head.logger, version);
  out += texts.before_severity;
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
  out += texts.context;
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
