#include "actors/worker/worker_wire.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <charconv>

namespace troupe {

namespace json = boost::json;

namespace {

void append_date(std::string& out, std::string_view name, timestamp t) {
  out += ",\"";
  out += name;
  out += "\":\"";
  append_iso(out, t);
  out += '"';
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, text);
}

timestamp read_time(std::string_view text) {
  timestamp result;
  std::from_chars(text.data(), text.data() + text.size(), result.ms);
  return result;
}

// The members of an array of objects; what does not belong there is left out.
json::array read_array(std::string_view text) {
  boost::system::error_code failed;
  auto value = json::parse(text, failed);
  return !failed && value.is_array() ? std::move(value.get_array()) : json::array{};
}

std::string_view text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()}
                                                : std::string_view{};
}

void append_run(std::string& out, const handed_out_run& run) {
  out += "{\"taskId\":\"";
  out += run.task.view();
  out += "\",\"runId\":";
  append_number(out, run.run);
  out += '}';
}

void append_runs(std::string& out, const worker_state& state) {
  out += '[';
  for (const auto& run : state.recent) {
    if (out.back() != '[')
      out += ',';
    append_run(out, run);
  }
  out += ']';
}

}  // namespace

std::string worker_key(const task_queue_id& queue, const worker_name& worker) {
  return queue.text + "/" + worker.group + "/" + worker.id;
}

std::optional<worker_key_parts> read_worker_key(std::string_view key) {
  const auto last = key.rfind('/');
  if (last == std::string_view::npos || last == 0)
    return std::nullopt;
  const auto middle = key.rfind('/', last - 1);
  if (middle == std::string_view::npos || key.substr(0, middle).find('/') == std::string_view::npos)
    return std::nullopt;
  worker_key_parts parts;
  parts.queue.text = key.substr(0, middle);
  parts.worker.group = key.substr(middle + 1, last - middle - 1);
  parts.worker.id = key.substr(last + 1);
  return parts;
}

std::optional<set_quarantine> read_quarantine(std::string_view key, std::string_view until) {
  auto parts = read_worker_key(key);
  if (!parts)
    return std::nullopt;
  return set_quarantine{std::move(parts->queue), std::move(parts->worker), read_time(until)};
}

std::string quarantines_text(const worker_state& state) {
  std::string out = "[";
  for (const auto& entry : state.quarantines) {
    out += out.size() == 1 ? "{\"clientId\":" : ",{\"clientId\":";
    append_json_string(out, entry.client_id);
    append_date(out, "updatedAt", entry.updated);
    append_date(out, "quarantineUntil", entry.until);
    append_text(out, "quarantineInfo", entry.info);
    out += '}';
  }
  return out + "]";
}

std::string recent_text(const worker_state& state) {
  std::string out;
  append_runs(out, state);
  return out;
}

std::string worker_text(const worker_state& state) {
  std::string out = "{\"provisionerId\":";
  append_json_string(out, state.queue.provisioner());
  append_text(out, "workerType", state.queue.worker_type());
  append_text(out, "taskQueueId", state.queue.text);
  append_text(out, "workerGroup", state.worker.group);
  append_text(out, "workerId", state.worker.id);
  append_date(out, "expires", state.expires);
  append_date(out, "firstClaim", state.first_claim);
  append_date(out, "lastDateActive", state.last_active);
  append_date(out, "quarantineUntil", state.quarantine_until);
  out += ",\"quarantineDetails\":" + quarantines_text(state);
  out += ",\"recentTasks\":";
  append_runs(out, state);
  out += '}';
  return out;
}

std::string listed_worker_text(const worker_state& state, timestamp now) {
  std::string out = "{\"workerGroup\":";
  append_json_string(out, state.worker.group);
  append_text(out, "workerId", state.worker.id);
  append_date(out, "firstClaim", state.first_claim);
  append_date(out, "lastDateActive", state.last_active);
  if (!state.recent.empty()) {
    out += ",\"latestTask\":";
    append_run(out, state.recent.back());
  }
  if (state.quarantine_until >= now)
    append_date(out, "quarantineUntil", state.quarantine_until);
  out += '}';
  return out;
}

worker_state read_worker(const task_queue_id& queue, const worker_name& worker,
                         const std::array<std::string_view, 6>& values) {
  worker_state state;
  state.queue = queue;
  state.worker = worker;
  state.expires = read_time(values[0]);
  state.first_claim = read_time(values[1]);
  state.last_active = read_time(values[2]);
  state.quarantine_until = read_time(values[3]);
  for (const auto& entry : read_array(values[4])) {
    const auto* object = entry.if_object();
    if (object == nullptr)
      continue;
    quarantine_entry made;
    made.client_id = text_in(*object, "clientId");
    made.updated = parse_date_time(text_in(*object, "updatedAt")).value_or(timestamp{});
    made.until = parse_date_time(text_in(*object, "quarantineUntil")).value_or(timestamp{});
    made.info = text_in(*object, "quarantineInfo");
    state.quarantines.push_back(std::move(made));
  }
  for (const auto& entry : read_array(values[5])) {
    const auto* object = entry.if_object();
    const auto task = object == nullptr ? std::nullopt : task_id::parse(text_in(*object, "taskId"));
    const auto* run = object == nullptr ? nullptr : object->if_contains("runId");
    if (task && run != nullptr && run->is_int64())
      state.recent.push_back({*task, static_cast<run_id>(run->get_int64())});
  }
  return state;
}

}  // namespace troupe
