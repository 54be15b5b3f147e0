#include "actors/task_group/group_work.hpp"

#include "messages/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace troupe {

std::vector<change_member> begin_slice(group_work& work, const task_group_id& group,
                                       const std::vector<task_id>& members, bool more) {
  std::vector<change_member> told;
  told.reserve(members.size());
  for (const auto& member : members)
    told.push_back(change_member{member, group, work.number, work.job.what, work.job.priority});
  work.under_way = true;
  work.last_slice = !more || members.empty();
  work.outstanding = static_cast<std::uint32_t>(members.size());
  work.end = members.empty() ? work.after : members.back();
  return told;
}

void take_answer(group_work& work, const member_changed& command) {
  if (command.work != work.number || work.outstanding == 0)
    return;
  --work.outstanding;
  if (command.outcome != member_outcome::absent)
    ++work.size;
  if (command.outcome != member_outcome::changed)
    return;
  ++work.affected;
  if (work.job.reply)
    work.ids.push_back(command.task);
}

void end_slice(group_work& work) {
  work.under_way = false;
  work.after = work.end;
  // They answered in any order, all of them behind those of the slices before.
  std::sort(work.ids.begin() + static_cast<std::ptrdiff_t>(work.sorted), work.ids.end());
  work.sorted = work.ids.size();
}

namespace {

// A word up to the next blank, which is taken off.
std::string_view take_word(std::string_view& text) {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

bool take_number(std::string_view& text, std::uint32_t& out) {
  const auto word = take_word(text);
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), out);
  return failed == std::errc{} && end == word.data() + word.size();
}

}  // namespace

std::string work_text(const group_work& work) {
  std::string out = work.job.what == group_change::cancel ? "cancel" : "priority";
  out += ' ';
  out += to_string(work.job.priority);
  out += ' ';
  append_number(out, work.size);
  out += ' ';
  append_number(out, work.affected);
  if (work.after) {
    out += ' ';
    out += work.after->view();
  }
  return out;
}

std::optional<group_work> read_work(std::string_view text) {
  group_work work;
  const auto what = take_word(text);
  if (what != "cancel" && what != "priority")
    return std::nullopt;
  work.job.what = what == "cancel" ? group_change::cancel : group_change::priority;
  const auto priority = parse_priority(take_word(text));
  if (!priority || !take_number(text, work.size) || !take_number(text, work.affected))
    return std::nullopt;
  work.job.priority = *priority;
  if (text.empty())
    return work;
  work.after = task_id::parse(text);
  return work.after ? std::optional{std::move(work)} : std::nullopt;
}

namespace {

void append_ids(std::string& out, const std::vector<task_id>& ids) {
  out.reserve(out.size() + 25 * ids.size() + 16);
  out += ",\"taskIds\":[";
  for (const auto& id : ids) {
    if (out.back() != '[')
      out += ',';
    out += '"';
    out += id.view();
    out += '"';
  }
  out += ']';
}

void append_priority_change(std::string& out, const task_group_state& state,
                            const group_work& work) {
  out += "{\"taskGroupId\":\"";
  out += state.id.view();
  out += "\",\"schedulerId\":";
  append_json_string(out, state.scheduler_id);
  out += ",\"newPriority\":\"";
  out += to_string(work.job.priority);
  out += "\",\"tasksAffected\":";
  append_number(out, work.affected);
}

}  // namespace

std::string work_answer(const task_group_state& state, const group_work& work) {
  std::string out;
  if (work.job.what == group_change::priority) {
    append_priority_change(out, state, work);
  } else {
    out += "{\"taskGroupId\":\"";
    out += state.id.view();
    out += "\",\"taskGroupSize\":";
    append_number(out, work.size);
    out += ",\"cancelledCount\":";
    append_number(out, work.affected);
  }
  append_ids(out, work.ids);
  out += '}';
  return out;
}

std::string group_priority_payload(const task_group_state& state, const group_work& work) {
  std::string out;
  append_priority_change(out, state, work);
  out += ",\"version\":1}";
  return out;
}

}  // namespace troupe
