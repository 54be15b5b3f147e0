#pragma once

#include <string_view>

namespace troupe {

// What the index has in Redis, hashes all of them: rows by path, when namespaces expire by path,
// and how far the event log was dealt with by stream.
inline constexpr std::string_view index_tasks_key = "troupe:{index}:tasks";
inline constexpr std::string_view index_namespaces_key = "troupe:{index}:namespaces";
inline constexpr std::string_view index_places_key = "troupe:{index}:places";

}  // namespace troupe
