#pragma once

#include "actors/company/stage.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// All places where the data of an artifact may be whose record nobody can read.
inline std::vector<blob_place> every_place(const stage& where, std::string_view name,
                                           const std::string& key) {
  std::vector<blob_place> places{{{}, key}};
  if (auto bucket = where.parts.bucket_for(name); !bucket.empty())
    places.push_back({std::move(bucket), key});
  return places;
}

}  // namespace troupe
