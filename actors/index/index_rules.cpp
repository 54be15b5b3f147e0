#include "actors/index/index_rules.hpp"

#include "messages/json_text.hpp"
#include "messages/json_walk.hpp"

#include <charconv>

namespace troupe {

namespace {

constexpr std::int64_t day_ms = 24 * 3600 * 1000;
constexpr std::string_view no_data = "{}";

index_entry entry_of(const path_table<indexed_fields>::row& row) {
  return {row.fields.task, row.fields.rank, row.fields.expires,
          std::string{row.text().empty() ? no_data : row.text()}};
}

// Midnight UTC after it, at least a day after the one before.
timestamp next_midnight(timestamp t) {
  auto days = t.ms / day_ms;
  if (t.ms % day_ms < 0)
    --days;
  return {(days + 1) * day_ms};
}

void note_expiry(index_state& state, timestamp expires) {
  if (!state.next_expiry || expires < *state.next_expiry)
    state.next_expiry = expires;
}

}  // namespace

insertion decide_insert(const index_state& state, std::string_view path, const index_entry& entry,
                        timestamp now) {
  insertion what;
  const auto* there = state.tasks.find(path);
  if (there != nullptr && there->fields.expires > now && there->fields.rank > entry.rank) {
    what.entry = entry_of(*there);
    return what;
  }
  what.stored = true;
  what.entry = entry;
  auto until = next_midnight(entry.expires);
  for (auto space = split_index_path(path).first; !space.empty();
       space = split_index_path(space).first) {
    const auto* known = state.namespaces.find(space);
    if (known == nullptr || known->fields.expires < until)
      what.namespaces.emplace_back(std::string{space}, until);
    until = until + std::chrono::milliseconds{day_ms};
  }
  return what;
}

void apply_insert(index_state& state, std::string_view path, const insertion& what) {
  if (!what.stored)
    return;
  on_entry_read(state, path, what.entry);
  for (const auto& [space, until] : what.namespaces)
    on_namespace_read(state, space, until);
}

bool apply_delete(index_state& state, std::string_view path) { return state.tasks.erase(path); }

void on_entry_read(index_state& state, std::string_view path, const index_entry& entry) {
  state.tasks.put(path, {entry.expires, entry.rank, entry.task},
                  entry.data == no_data ? std::string_view{} : std::string_view{entry.data});
  note_expiry(state, entry.expires);
}

void on_namespace_read(index_state& state, std::string_view path, timestamp expires) {
  state.namespaces.put(path, {expires});
  note_expiry(state, expires);
}

std::optional<index_entry> find_entry(const index_state& state, std::string_view path,
                                      timestamp now) {
  const auto* row = state.tasks.find(path);
  if (row == nullptr || row->fields.expires <= now)
    return std::nullopt;
  return entry_of(*row);
}

// -- pages ----------------------------------------------------------------------------------------

index_page find_entries(const index_state& state, const find_all_indexed& command, timestamp now) {
  index_page page{R"({"tasks":[)", std::nullopt};
  std::uint32_t taken = 0;
  for (std::size_t i = command.from; i < command.paths.size(); ++i) {
    const auto entry = find_entry(state, command.paths[i], now);
    if (!entry)
      continue;
    if (taken == command.limit) {
      page.next = std::to_string(i) + ":" + command.list;
      break;
    }
    if (taken++ > 0)
      page.text += ',';
    append_entry(page.text, command.paths[i], *entry);
  }
  page.text += "]}";
  return page;
}

namespace {

// One page of a table; `append` writes a row.
template <class Table, class Append>
void list_rows(const Table& table, const list_indexed& command, timestamp now, index_page& page,
               Append append) {
  std::uint32_t taken = 0;
  std::string_view last;
  table.each_below(command.space, command.after, [&](const auto& row) {
    if (row.fields.expires <= now)
      return true;
    if (taken == command.limit) {
      page.next = std::string{last};
      return false;
    }
    if (taken++ > 0)
      page.text += ',';
    append(row);
    last = row.name();
    return true;
  });
  page.text += "]}";
}

}  // namespace

index_page list_below(const index_state& state, const list_indexed& command, timestamp now) {
  index_page page;
  if (!command.namespaces) {
    page.text = R"({"tasks":[)";
    list_rows(state.tasks, command, now, page,
              [&](const auto& row) { append_entry(page.text, row.path(), entry_of(row)); });
    return page;
  }
  page.text = R"({"namespaces":[)";
  list_rows(state.namespaces, command, now, page, [&](const auto& row) {
    page.text += R"({"namespace":)";
    append_json_string(page.text, row.path());
    page.text += R"(,"name":)";
    append_json_string(page.text, row.name());
    page.text += R"(,"expires":")";
    append_iso(page.text, row.fields.expires);
    page.text += "\"}";
  });
  return page;
}

// -- expiry ---------------------------------------------------------------------------------------

namespace {

template <class Table>
std::vector<std::string> walk_table(Table& table, expiry_walk& walk, std::size_t& rows,
                                    timestamp now) {
  std::vector<std::string> expired;
  const auto* row = table.behind(walk.behind);
  const typename Table::row* last = nullptr;
  for (; row != nullptr && rows > 0; --rows) {
    if (row->fields.expires <= now)
      expired.push_back(row->path());
    else if (!walk.earliest || row->fields.expires < *walk.earliest)
      walk.earliest = row->fields.expires;
    last = row;
    row = table.next(*row);
  }
  walk.behind = row == nullptr ? std::string{} : last->path();
  for (const auto& path : expired)
    table.erase(path);
  return expired;
}

}  // namespace

expiry_walk begin_walk(index_state& state) {
  state.next_expiry.reset();
  return {};
}

expired_paths walk_expired(index_state& state, expiry_walk& walk, std::size_t rows, timestamp now) {
  expired_paths expired;
  if (!walk.in_namespaces) {
    expired.tasks = walk_table(state.tasks, walk, rows, now);
    if (!walk.behind.empty())
      return expired;
    walk.in_namespaces = true;
  }
  if (rows == 0)
    return expired;
  expired.namespaces = walk_table(state.namespaces, walk, rows, now);
  walk.done = walk.behind.empty();
  return expired;
}

// What was put in meanwhile, in front of the walk, may expire earlier than what it found.
void end_walk(index_state& state, const expiry_walk& walk) {
  if (walk.earliest)
    note_expiry(state, *walk.earliest);
}

// -- texts ----------------------------------------------------------------------------------------

void append_entry(std::string& out, std::string_view path, const index_entry& entry) {
  out += R"({"namespace":)";
  append_json_string(out, path);
  out += R"(,"taskId":")";
  out += entry.task.view();
  out += R"(","rank":)";
  out += std::to_string(entry.rank);
  out += R"(,"data":)";
  out += entry.data;
  out += R"(,"expires":")";
  append_iso(out, entry.expires);
  out += "\"}";
}

std::string entry_row(const index_entry& entry) {
  std::string row{R"({"taskId":")"};
  row += entry.task.view();
  row += R"(","rank":)" + std::to_string(entry.rank) + R"(,"expires":)" +
         std::to_string(entry.expires.ms);
  if (entry.data != no_data)
    row += R"(,"data":)" + entry.data;
  row += '}';
  return row;
}

index_entry read_entry_row(std::string_view text) {
  index_entry entry;
  auto members = json_walk::members(text);
  const auto number = [&members](std::int64_t& into) {
    const auto value = members.value();
    std::from_chars(value.data(), value.data() + value.size(), into);
  };
  while (members.next()) {
    if (members.key() == "taskId")
      read_json_id(members.value(), entry.task);
    else if (members.key() == "rank")
      number(entry.rank);
    else if (members.key() == "expires")
      number(entry.expires.ms);
    else if (members.key() == "data")
      entry.data = members.value();
  }
  return entry;
}

}  // namespace troupe
