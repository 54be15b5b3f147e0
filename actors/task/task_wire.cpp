#include "actors/task/task_wire.hpp"

#include "messages/explain_commands.hpp"
#include "messages/json_text.hpp"
#include "messages/json_walk.hpp"

#include <array>
#include <charconv>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 7> exchanges = {
    "exchange/taskcluster-queue/v1/task-defined",
    "exchange/taskcluster-queue/v1/task-pending",
    "exchange/taskcluster-queue/v1/task-running",
    "exchange/taskcluster-queue/v1/task-completed",
    "exchange/taskcluster-queue/v1/task-failed",
    "exchange/taskcluster-queue/v1/task-exception",
    "exchange/taskcluster-queue/v1/task-priority-changed",
};

// Identifiers and reasons need no escaping: their patterns admit none of the characters that would.
void append_plain(std::string& out, std::string_view key, std::string_view value) {
  out += ",\"";
  out += key;
  out += "\":\"";
  out += value;
  out += '"';
}

void append_date(std::string& out, std::string_view key, timestamp value) {
  out += ",\"";
  out += key;
  out += "\":\"";
  append_iso(out, value);
  out += '"';
}

void append_run(std::string& out, run_id number, const task_run& run) {
  out += "{\"runId\":";
  append_number(out, number);
  append_plain(out, "state", to_string(run.state));
  append_plain(out, "reasonCreated", to_string(run.created));
  if (run.resolved_as != reason_resolved::none)
    append_plain(out, "reasonResolved", to_string(run.resolved_as));
  if (run.started.ms != 0) {
    append_plain(out, "workerGroup", run.worker.group);
    append_plain(out, "workerId", run.worker.id);
    append_date(out, "takenUntil", run.taken_until);
  }
  append_date(out, "scheduled", run.scheduled);
  if (run.started.ms != 0)
    append_date(out, "started", run.started);
  if (run.resolved.ms != 0)
    append_date(out, "resolved", run.resolved);
  out += '}';
}

void append_head(std::string& out, const task_state& state, unsigned retries_left,
                 std::string_view name_of_state) {
  const auto& definition = *state.definition;
  out += "{\"taskId\":\"";
  out += state.id.view();
  out += '"';
  append_plain(out, "provisionerId", definition.queue.provisioner());
  append_plain(out, "workerType", definition.queue.worker_type());
  append_plain(out, "taskQueueId", definition.queue.text);
  append_plain(out, "schedulerId", definition.scheduler_id);
  append_plain(out, "projectId", definition.project_id);
  append_plain(out, "taskGroupId", definition.group.view());
  append_plain(out, "priority", to_string(state.priority));
  append_date(out, "deadline", definition.deadline);
  append_date(out, "expires", definition.expires);
  out += ",\"retriesLeft\":";
  append_number(out, retries_left);
  append_plain(out, "state", name_of_state);
  out += ",\"runs\":[";
}

void append_worker(std::string& out, const worker_name& worker) {
  append_plain(out, "workerGroup", worker.group);
  append_plain(out, "workerId", worker.id);
}

// Rows are read as strictly as they are written: a member that is there and makes no sense spoils
// the row, because guessing at a task's state is worse than saying that it cannot be read.

// The enumerator, of those up to `last`, that has the name.
template <class Enum>
bool read_enum(std::string_view value, Enum last, Enum& out) {
  const auto text = plain_json_string(value);
  for (std::size_t i = 0; text && i <= static_cast<std::size_t>(last); ++i) {
    if (to_string(static_cast<Enum>(i)) != *text)
      continue;
    out = static_cast<Enum>(i);
    return true;
  }
  return false;
}

bool read_member_of_run(std::string_view key, std::string_view value, task_run& run) {
  if (key == "reasonCreated")
    return read_enum(value, reason_created::exception, run.created);
  if (key == "reasonResolved")
    return read_enum(value, reason_resolved::intermittent_task, run.resolved_as);
  if (key == "workerGroup")
    return read_json_string(value, run.worker.group);
  if (key == "workerId")
    return read_json_string(value, run.worker.id);
  if (key == "scheduled")
    return read_json_date(value, run.scheduled);
  if (key == "started")
    return read_json_date(value, run.started);
  if (key == "takenUntil")
    return read_json_date(value, run.taken_until);
  if (key == "resolved")
    return read_json_date(value, run.resolved);
  return true;
}

bool read_run(std::string_view text, task_run& run) {
  bool has_state = false;
  auto members = json_walk::members(text);
  while (members.next()) {
    if (members.key() == "state")
      has_state = read_enum(members.value(), run_state::exception, run.state);
    else if (!read_member_of_run(members.key(), members.value(), run))
      return false;
  }
  return members.complete() && has_state;
}

bool read_runs(std::string_view text, std::vector<task_run>& runs) {
  auto entries = json_walk::entries(text);
  while (entries.next())
    if (!read_run(entries.value(), runs.emplace_back()))
      return false;
  return entries.complete();
}

bool read_status(task_state& state, std::string_view text) {
  unsigned found = 0;
  auto members = json_walk::members(text);
  while (members.next()) {
    const auto key = members.key();
    const auto value = members.value();
    bool good = true;
    if (key == "priority") {
      const auto name = plain_json_string(value);
      const auto priority = name ? parse_priority(*name) : std::nullopt;
      state.priority = priority.value_or(task_priority::lowest);
      good = priority.has_value();
    } else if (key == "retriesLeft") {
      good = read_json_number(value, state.retries_left);
    } else if (key == "runs") {
      good = read_runs(value, state.runs);
    } else {
      continue;
    }
    if (!good)
      return false;
    ++found;
  }
  return members.complete() && found == 3;
}

bool read_plain(std::string_view value, std::string& out) {
  const auto text = plain_json_string(value);
  out = text.value_or(std::string_view{});
  return text.has_value();
}

bool read_outline_definition(task_definition& outline, std::string_view status) {
  unsigned found = 0;
  auto members = json_walk::members(status);
  while (members.next()) {
    const auto key = members.key();
    const auto value = members.value();
    bool good = true;
    if (key == "taskQueueId")
      good = read_plain(value, outline.queue.text);
    else if (key == "schedulerId")
      good = read_plain(value, outline.scheduler_id);
    else if (key == "taskGroupId")
      good = read_json_id(value, outline.group);
    else if (key == "deadline")
      good = read_json_date(value, outline.deadline);
    else if (key == "expires")
      good = read_json_date(value, outline.expires);
    else
      continue;
    if (!good)
      return false;
    ++found;
  }
  return members.complete() && found == 5;
}

bool read_internal(task_state& state, std::string_view text) {
  bool has_resolved = false;
  bool has_place = false;
  auto members = json_walk::members(text);
  while (members.next()) {
    const auto key = members.key();
    const auto value = members.value();
    if (key == "everResolved") {
      has_resolved = value == "true" || value == "false";
      state.ever_resolved = value == "true";
    } else if (key == "enqueuedUs") {
      has_place = read_json_number(value, state.enqueued_us);
    } else if (key == "claimedDirectly") {
      state.claimed_directly = value == "true";
    } else if (key == "waitsFor" && !read_json_ids(value, state.open_dependencies)) {
      return false;
    }
  }
  return members.complete() && has_resolved && has_place;
}

}  // namespace

void append_status(std::string& out, const task_state& state) {
  append_head(out, state, state.retries_left,
              state.has_runs() ? to_string(state.last_run().state) : "unscheduled");
  for (std::size_t i = 0; i < state.runs.size(); ++i) {
    if (i > 0)
      out += ',';
    append_run(out, static_cast<run_id>(i), state.runs[i]);
  }
  out += "]}";
}

std::string status_text(const task_state& state) {
  std::string out;
  out.reserve(512 + 192 * state.runs.size());
  append_status(out, state);
  return out;
}

void append_pristine_status(std::string& out, const task_state& state) {
  append_head(out, state, state.definition->retries, "unscheduled");
  out += "]}";
}

std::string explanation_text(const task_state& state, std::string_view status) {
  const auto& definition = *state.definition;
  const auto& open = state.open_dependencies;
  std::string out = "{\"status\":";
  out += status;
  append_date(out, "created", definition.created);
  append_plain(out, "requires", to_string(definition.requires_rule));
  out += ",\"dependencies\":";
  append_number(out, definition.dependencies.size());
  out += ",\"open\":";
  append_number(out, open.size());
  out += ",\"openDependencies\":[";
  for (std::size_t i = 0; i < open.size() && i < most_told_dependencies; ++i)
    (out.append(i == 0 ? "\"" : ",\"").append(open[i].view())) += '"';
  out += "],\"enqueuedUs\":";
  append_number(out, state.enqueued_us);
  out += '}';
  return out;
}

std::string status_answer(std::string_view status) {
  std::string out;
  out.reserve(status.size() + 12);
  out += "{\"status\":";
  out += status;
  out += '}';
  return out;
}

std::string_view exchange_of(task_event event) {
  return exchanges[static_cast<std::size_t>(event)];
}

void append_routing_key(std::string& out, const task_state& state, std::optional<run_id> run,
                        const worker_name* worker) {
  const auto& definition = *state.definition;
  auto word = [&out](std::string_view text) {
    out += '.';
    out += text.empty() ? std::string_view{"_"} : text;
  };
  out += "primary";
  word(state.id.view());
  out += '.';
  if (run)
    append_number(out, *run);
  else
    out += '_';
  word(worker != nullptr ? std::string_view{worker->group} : std::string_view{});
  word(worker != nullptr ? std::string_view{worker->id} : std::string_view{});
  word(definition.queue.provisioner());
  word(definition.queue.worker_type());
  word(definition.scheduler_id);
  word(definition.group.view());
  out += "._";
}

std::vector<std::string> cc_of(const task_definition& definition) {
  std::vector<std::string> keys;
  keys.reserve(definition.routes.size());
  for (const auto& route : definition.routes)
    keys.push_back("route." + route);
  return keys;
}

void append_event_payload(std::string& out, task_event event, const task_state& state,
                          std::string_view status, std::optional<run_id> run,
                          const worker_name* worker) {
  out += "{\"status\":";
  if (event == task_event::defined)
    append_pristine_status(out, state);
  else
    out += status;
  if (run) {
    out += ",\"runId\":";
    append_number(out, *run);
  }
  if (worker != nullptr)
    append_worker(out, *worker);
  if (event == task_event::running)
    append_date(out, "takenUntil", state.runs[*run].taken_until);
  out += ",\"task\":{\"tags\":";
  out += state.definition->tags_json;
  out += "},\"version\":1}";
}

std::string priority_payload(const task_state& state, std::string_view status,
                             task_priority old_priority) {
  std::string out;
  out.reserve(status.size() + 96);
  out += "{\"status\":";
  out += status;
  append_plain(out, "oldPriority", to_string(old_priority));
  append_plain(out, "newPriority", to_string(state.priority));
  out += ",\"version\":1}";
  return out;
}

namespace {

std::string claim_head(const task_state& state, std::string_view status, std::size_t room) {
  const auto& run = state.last_run();
  std::string out;
  out.reserve(status.size() + room + 256);
  out += "{\"status\":";
  out += status;
  out += ",\"runId\":";
  append_number(out, state.last_run_id());
  append_worker(out, run.worker);
  append_date(out, "takenUntil", run.taken_until);
  return out;
}

}  // namespace

std::string claim_text(const task_state& state, std::string_view status,
                       std::string_view credentials) {
  auto out = claim_head(state, status, credentials.size() + state.definition->json.size());
  out += ",\"task\":";
  out += state.definition->json;
  out += ",\"credentials\":";
  out += credentials;
  out += '}';
  return out;
}

std::string reclaim_text(const task_state& state, std::string_view status,
                         std::string_view credentials) {
  auto out = claim_head(state, status, credentials.size());
  out += ",\"credentials\":";
  out += credentials;
  out += '}';
  return out;
}

std::string internal_text(const task_state& state) {
  std::string out;
  out.reserve(64 + 26 * state.open_dependencies.size());
  out += "{\"everResolved\":";
  out += state.ever_resolved ? "true" : "false";
  out += ",\"enqueuedUs\":";
  append_number(out, state.enqueued_us);
  if (state.claimed_directly)
    out += ",\"claimedDirectly\":true";
  if (!state.open_dependencies.empty()) {
    out += ",\"waitsFor\":[";
    for (const auto& id : state.open_dependencies) {
      if (out.back() != '[')
        out += ',';
      out += '"';
      out += id.view();
      out += '"';
    }
    out += ']';
  }
  out += '}';
  return out;
}

std::optional<task_state> read_task(const task_id& id, std::string_view definition,
                                    std::string_view status, std::string_view internal) {
  auto read = read_definition(definition);
  if (!read)
    return std::nullopt;
  task_state state;
  state.id = id;
  state.definition = std::make_shared<const task_definition>(std::move(*read));
  if (!read_status(state, status) || !read_internal(state, internal))
    return std::nullopt;
  return state;
}

std::optional<task_state> read_outline(const task_id& id, std::string_view status,
                                       std::string_view internal) {
  task_state state;
  state.id = id;
  auto outline = std::make_shared<task_definition>();
  if (!read_outline_definition(*outline, status) || !read_status(state, status) ||
      !read_internal(state, internal))
    return std::nullopt;
  state.definition = std::move(outline);
  return state;
}

std::string edge_text(dependency_rule rule, timestamp expires) {
  std::string text{to_string(rule)};
  text += ' ';
  append_number(text, expires.ms);
  return text;
}

task_dependent read_edge(const task_id& dependent, std::string_view text) {
  task_dependent edge{dependent, dependency_rule::all_completed, true, {}};
  const auto space = text.find(' ');
  if (text.substr(0, space) == to_string(dependency_rule::all_resolved))
    edge.rule = dependency_rule::all_resolved;
  if (space != std::string_view::npos)
    std::from_chars(text.data() + space + 1, text.data() + text.size(), edge.expires.ms);
  return edge;
}

}  // namespace troupe
