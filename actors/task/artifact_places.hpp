#pragma once

#include "actors/company/stage.hpp"
#include "actors/task/artifact_rules.hpp"
#include "messages/mirror_commands.hpp"
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

/// The data are gone: copies at other sites go, too.
inline void forget_artifact_copies(const stage& where, const task_id& task, run_id run,
                                   std::string_view name) {
  if (where.parts.copies != nullptr)
    where.board.tell(where.on, forget_copies{object_name(task, run, name)});
}

}  // namespace troupe
