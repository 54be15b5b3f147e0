#include "actors/queue_register/queue_register_wire.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

void append_row(std::string& out, queue_view as, const queue_row& row) {
  const task_queue_id id{{row.key}};
  out += '{';
  if (as == queue_view::provisioner) {
    append_member(out, "provisionerId", row.key);
  } else {
    append_member(out, "taskQueueId", row.key);
    if (as == queue_view::worker_type) {
      append_member(out, "provisionerId", id.provisioner());
      append_member(out, "workerType", id.worker_type());
    }
  }
  append_member(out, "description", row.description);
  append_member(out, "stability", row.stability);
  append_member(out, "expires", to_iso(row.expires));
  append_member(out, "lastDateActive", to_iso(row.last_active));
  out += '}';
}

std::string_view list_name(queue_view as) {
  switch (as) {
    case queue_view::worker_type:
      return "{\"workerTypes\":[";
    case queue_view::provisioner:
      return "{\"provisioners\":[";
    default:
      return "{\"taskQueues\":[";
  }
}

}  // namespace

std::string row_text(queue_view as, const queue_row& row) {
  std::string out;
  append_row(out, as, row);
  return out;
}

std::string rows_text(queue_view as, const std::vector<queue_row>& rows) {
  std::string out{list_name(as)};
  for (const auto& row : rows) {
    if (out.back() != '[')
      out += ',';
    append_row(out, as, row);
  }
  return out + "]}";
}

std::string workers_text(const std::vector<std::string>& entries) {
  std::string out = "{\"workers\":[";
  for (const auto& entry : entries) {
    if (out.back() != '[')
      out += ',';
    out += entry;
  }
  return out + "]}";
}

std::string explanation_text(const counted_workers& workers, const queue_record* record) {
  std::string out = "{\"known\":";
  append_number(out, workers.all);
  out += ",\"quarantined\":";
  append_number(out, workers.quarantined);
  if (record != nullptr)
    append_member(out, "lastActive", to_iso(record->last_active));
  out += '}';
  return out;
}

std::string record_text(const queue_record& record) {
  std::string out = "{";
  append_member(out, "expires", to_iso(record.expires));
  append_member(out, "lastDateActive", to_iso(record.last_active));
  append_member(out, "description", record.description);
  append_member(out, "stability", record.stability);
  return out + "}";
}

queue_record read_record(std::string_view text) {
  queue_record record;
  boost::system::error_code failed;
  const auto value = json::parse(text, failed);
  if (failed || !value.is_object())
    return record;
  const auto text_of = [&value](std::string_view name) {
    const auto* member = value.get_object().if_contains(name);
    return member != nullptr && member->is_string() ? std::string_view{member->get_string()}
                                                    : std::string_view{};
  };
  record.expires = parse_date_time(text_of("expires")).value_or(timestamp{});
  record.last_active = parse_date_time(text_of("lastDateActive")).value_or(timestamp{});
  record.description = text_of("description");
  if (const auto stability = text_of("stability"); !stability.empty())
    record.stability = stability;
  return record;
}

std::string expired_text(const register_decision& decision) {
  auto text = "{\"removed\":" + std::to_string(decision.forgotten.size()) + ",\"workers\":[";
  for (const auto& check : decision.checks) {
    text += text.back() == '[' ? "[" : ",[";
    append_json_string(text, check.queue.text);
    text += ',';
    append_json_string(text, check.worker.group);
    text += ',';
    append_json_string(text, check.worker.id);
    text += ']';
  }
  return text + "]}";
}

}  // namespace troupe
