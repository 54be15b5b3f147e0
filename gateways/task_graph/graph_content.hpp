#pragma once

#include "messages/graph_commands.hpp"
#include "runtime/crypto/sha256.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

/// The id of the graph of that key: always the same one.
task_graph_id graph_id_of(std::string_view key);

/// A digest of what a JSON value means: the order of members and the way numbers are written do not
/// count.
digest meaning_of(const boost::json::value& value);

/// A digest of all tasks of a graph, in whatever order they came.
std::string content_of(std::vector<std::pair<task_id, digest>> tasks);

}  // namespace troupe
