#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace troupe {

class lane_store;

/// Reads a hash in Redis piece by piece, however large it is: `field` is told of each of its
/// fields, perhaps twice, then `done` is called with an empty text, or with what Redis says against
/// it. On the lane's thread. Nobody may write to the hash meanwhile.
void scan_hash(lane_store& store, std::string key,
               std::function<void(std::string_view name, std::string_view value)> field,
               std::function<void(std::string error)> done);

}  // namespace troupe
