#pragma once

#include "actors/index/index_state.hpp"
#include "messages/index_commands.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

// The law of the index (index contract, section 2).

/// What putting an entry in comes to.
struct insertion {
  bool stored = false;  ///< false: one of higher rank is there, and nothing changes
  index_entry entry;    ///< what is there afterwards
  /// Namespaces that are new or last longer.
  std::vector<std::pair<std::string, timestamp>> namespaces;
};

/// An entry takes its place when none is there, that one has expired, or its own rank is at least
/// as high. The namespaces above it outlive it: the nearest by up to a day, each further one by
/// another.
insertion decide_insert(const index_state& state, std::string_view path, const index_entry& entry,
                        timestamp now);

/// Carries it out.
void apply_insert(index_state& state, std::string_view path, const insertion& what);

/// Takes an entry out; false when there is none. Its namespaces stay.
bool apply_delete(index_state& state, std::string_view path);

/// What was read from Redis.
void on_entry_read(index_state& state, std::string_view path, const index_entry& entry);
void on_namespace_read(index_state& state, std::string_view path, timestamp expires);

/// The entry at a path that can be seen.
std::optional<index_entry> find_entry(const index_state& state, std::string_view path,
                                      timestamp now);

/// A page: its text, and where the next one begins when there is more.
struct index_page {
  std::string text;
  std::optional<std::string> next;
};
index_page find_entries(const index_state& state, const find_all_indexed& command, timestamp now);
index_page list_below(const index_state& state, const list_indexed& command, timestamp now);

/// Where a walk over everything that looks for what has expired stands. It is made in steps, so
/// that everybody has their turn between them.
struct expiry_walk {
  bool in_namespaces = false;  ///< tasks come first
  std::string behind;          ///< the last path that was looked at
  bool done = false;
  std::optional<timestamp> earliest;  ///< of what is left
};

/// What one step took out.
struct expired_paths {
  std::vector<std::string> tasks;
  std::vector<std::string> namespaces;
};

/// Begins one: from now on `next_expiry` is that of what comes in.
expiry_walk begin_walk(index_state& state);

/// Looks at so many rows, and takes out those that have expired.
expired_paths walk_expired(index_state& state, expiry_walk& walk, std::size_t rows, timestamp now);

/// The end of a walk: what is known now of the next expiry.
void end_walk(index_state& state, const expiry_walk& walk);

// -- texts ----------------------------------------------------------------------------------------

/// The entry as the wire shows it.
void append_entry(std::string& out, std::string_view path, const index_entry& entry);

/// The row as Redis has it; what cannot be read has expired.
std::string entry_row(const index_entry& entry);
index_entry read_entry_row(std::string_view text);

}  // namespace troupe
