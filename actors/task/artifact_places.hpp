#pragma once

#include "actors/company/stage.hpp"
#include "runtime/object_stores/object_stores.hpp"

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
  if (where.parts.objects != nullptr)
    for (auto& id : where.parts.objects->remote_ids())
      places.push_back({{}, "t/" + key, std::move(id)});
  return places;
}

}  // namespace troupe
