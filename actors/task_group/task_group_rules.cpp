#include "actors/task_group/task_group_rules.hpp"

#include "messages/json_text.hpp"

namespace troupe {

bool exists(const task_group_state& state, timestamp now) {
  return state.stored && state.expires > now;
}

std::optional<std::string> on_reserve(task_group_state& state, const reserve_member& command,
                                      timestamp now) {
  if (state.stored && !exists(state, now)) {
    task_group_state fresh;
    fresh.id = state.id;
    fresh.reserved = state.reserved;
    fresh.open = state.open;
    fresh.renewed = true;
    state = std::move(fresh);
  }
  if (!state.scheduler_id.empty() && state.scheduler_id != command.scheduler_id)
    return "Task group " + state.id.str() + " belongs to the scheduler '" + state.scheduler_id +
           "', and all its tasks must have that schedulerId; this one has '" +
           command.scheduler_id + "'. Use the same schedulerId, or another taskGroupId.";
  if (state.sealed.ms != 0)
    return "Task group " + state.id.str() + " was sealed at " + to_iso(state.sealed) +
           " and takes no more tasks. Use another taskGroupId.";
  state.scheduler_id = command.scheduler_id;
  ++state.reserved;
  return std::nullopt;
}

bool on_seal(task_group_state& state, timestamp now) {
  if (state.sealed.ms != 0)
    return false;
  state.sealed = now;
  return true;
}

bool on_confirm(task_group_state& state, timestamp task_expires) {
  if (state.reserved > 0)
    --state.reserved;
  ++state.open;
  const bool grows = task_expires > state.expires;
  if (grows)
    state.expires = task_expires + group_expiry_slack;
  const bool write = grows || !state.stored;
  state.stored = true;
  return write;
}

void on_withdraw(task_group_state& state) {
  if (state.reserved > 0)
    --state.reserved;
  if (state.reserved == 0 && state.open == 0 && !state.stored)
    state.scheduler_id.clear();
}

bool on_member_resolved(task_group_state& state, bool repeated) {
  if (!repeated && state.open > 0)
    --state.open;
  return state.open == 0;
}

void on_resume(task_group_state& state, const resume_member& command) {
  if (state.scheduler_id.empty())
    state.scheduler_id = command.scheduler_id;
  if (command.expires > state.expires)
    state.expires = command.expires + group_expiry_slack;
  if (!command.ever_resolved)
    ++state.open;
}

bool is_idle(const task_group_state& state) { return state.reserved == 0 && state.open == 0; }

void append_group_members(std::string& out, const task_group_state& state) {
  out += "\"taskGroupId\":\"";
  out += state.id.view();
  out += "\",\"schedulerId\":";
  append_json_string(out, state.scheduler_id);
  out += ",\"expires\":\"";
  append_iso(out, state.expires);
  out += '"';
  if (state.sealed.ms != 0) {
    out += ",\"sealed\":\"";
    append_iso(out, state.sealed);
    out += '"';
  }
}

std::string group_text(const task_group_state& state) {
  std::string out = "{";
  append_group_members(out, state);
  out += '}';
  return out;
}

std::string explanation_text(const task_group_state& state, bool canceling) {
  std::string out = canceling ? "{\"canceling\":true" : "{\"canceling\":false";
  if (state.sealed.ms != 0) {
    out += ",\"sealed\":\"";
    append_iso(out, state.sealed);
    out += '"';
  }
  out += '}';
  return out;
}

std::string group_event_payload(const task_group_state& state) {
  std::string out = "{";
  append_group_members(out, state);
  out += ",\"version\":1}";
  return out;
}

std::string group_routing_key(const task_group_state& state) {
  return "primary." + state.id.str() + "." + state.scheduler_id + "._";
}

}  // namespace troupe
