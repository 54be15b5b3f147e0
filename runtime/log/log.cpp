#include "runtime/log/log.hpp"

#include "runtime/log/record_writer.hpp"

#include <spdlog/details/null_mutex.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>

namespace troupe {

namespace {

struct log_state {
  bool json = true;
  std::string version;
  severity root_level = severity::info;
  std::map<std::string, severity, std::less<>> levels;
  system_clock machine_clock;
  const clock* time = &machine_clock;
  std::unique_ptr<record_writer> writer;
};

// Set by start_log before anybody logs; a process has one log.
std::atomic<log_state*> current{nullptr};

// Records are complete lines, often many at once; they go out as they are. Only the writer's
// thread is here.
class line_sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit line_sink(int file) : file_(file) {}

 private:
  void sink_it_(const spdlog::details::log_msg& lines) override {
    std::string_view rest{lines.payload.data(), lines.payload.size()};
    while (!rest.empty()) {
      const auto written = ::write(file_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return;  // nobody can be told
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush_() override {}

  const int file_;
};

severity severity_named(std::string_view name) {
  static constexpr std::array<std::string_view, 9> names{
      "emergency", "alert", "critical", "error", "warning", "notice", "info", "debug", "trace"};
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? severity::info : static_cast<severity>(found - names.begin());
}

void read_levels(std::string_view text, log_state& state) {
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = std::min(text.find(' ', from), text.size());
    const auto word = text.substr(from, end - from);
    from = end + 1;
    if (word.empty())
      continue;
    const auto colon = word.find(':');
    if (colon == std::string_view::npos)
      state.root_level = severity_named(word);
    else if (word.substr(0, colon) == "root")
      state.root_level = severity_named(word.substr(colon + 1));
    else
      state.levels[std::string{word.substr(0, colon)}] = severity_named(word.substr(colon + 1));
  }
}

}  // namespace

void start_log(const log_setup& setup) {
  stop_log();
  auto state = std::make_unique<log_state>();
  state->json = setup.form == log_format::json ||
                (setup.form == log_format::automatic && isatty(setup.to_stderr ? 2 : 1) == 0);
  state->version = setup.version;
  if (setup.time != nullptr)
    state->time = setup.time;
  read_levels(setup.level, *state);
  const auto out = std::make_shared<spdlog::logger>(
      "troupe", std::make_shared<line_sink>(setup.to_stderr ? STDERR_FILENO : STDOUT_FILENO));
  record_writer::options how;
  how.most_bytes = setup.most_bytes;
  state->writer = std::make_unique<record_writer>(
      [out](std::string_view lines) {
        out->log(spdlog::level::info, spdlog::string_view_t{lines.data(), lines.size()});
      },
      how);
  current.store(state.release());
}

void stop_log() {
  // The writer ends after what waits is written.
  const std::unique_ptr<log_state> state{current.exchange(nullptr)};
}

bool log_enabled(severity level, std::string_view logger) {
  const auto* state = current.load(std::memory_order_acquire);
  if (state == nullptr)
    return false;
  if (!logger.empty() && !state->levels.empty())
    if (const auto found = state->levels.find(logger); found != state->levels.end())
      return level <= found->second;
  return level <= state->root_level;
}

void log_record(severity level, std::string_view type, const boost::json::object& fields,
                std::string_view logger) {
  if (!log_enabled(level, logger))
    return;
  boost::json::value cleaned = fields;
  blank_secrets(cleaned);
  record_head head;
  head.level = level;
  head.type = type;
  const auto name = logger_name(logger);
  head.logger = name;
  head.time_us = current.load()->time->now_us();
  std::string message;
  if (const auto* text = fields.if_contains("message"); text != nullptr && text->is_string())
    message = text->get_string();
  head.message = message;
  std::string line;
  append_record(line, head, boost::json::serialize(cleaned));
  if (auto* state = current.load(std::memory_order_acquire); state != nullptr)
    state->writer->add_at_once(line);
}

void log_audit(const audit_event& what) {
  log_record(severity::notice, "audit-event",
             {{"service", what.service},
              {"entity", what.entity},
              {"entityId", what.id},
              {"clientId", what.client_id},
              {"action", what.action},
              {"v", 1}},
             what.service);
}

void log_message(severity level, std::string_view message) {
  if (log_enabled(level))
    log_record(level, "monitor.generic", {{"message", message}});
}

std::size_t log_dropped() {
  auto* state = current.load();
  return state == nullptr ? 0 : state->writer->dropped();
}

void append_record(std::string& out, const record_head& head, std::string_view fields_json) {
  const auto* state = current.load(std::memory_order_acquire);
  if (state == nullptr)
    return;
  if (state->json)
    append_json_record(out, head, fields_json, state->version);
  else
    append_terminal_record(out, head, fields_json);
}

void write_records(std::string_view lines) {
  auto* state = current.load(std::memory_order_acquire);
  if (state != nullptr && !lines.empty())
    state->writer->add(lines);
}

}  // namespace troupe
