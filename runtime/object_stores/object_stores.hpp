#pragma once

#include "runtime/config/object_settings.hpp"
#include "runtime/object_stores/object_backend.hpp"
#include "runtime/schema/pattern.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The backends of objects, which of them takes a new object, and what answers downloads in their
/// place (object contract 5). May be asked from any lane.
class object_stores {
 public:
  /// The settings have passed their checks: all that they name is there.
  object_stores(const object_settings& config,
                std::map<std::string, std::unique_ptr<object_backend>, std::less<>> backends);

  /// The id of the backend of a new object; nothing when none takes it.
  std::optional<std::string> choose(std::string_view project_id, std::string_view name) const;

  /// The backend; null for one that is no longer configured.
  object_backend* find(std::string_view backend_id) const;

  /// Whether that backend is the server's own disk.
  bool is_local(std::string_view backend_id) const;

  /// The ids of all others.
  std::vector<std::string> remote_ids() const;

  /// Where a cache has the object, for those methods that may be answered so.
  std::optional<std::string> cached_url(std::string_view name) const;

 private:
  struct cache {
    text_pattern names;
    std::string base_url;
  };

  object_settings config_;
  std::map<std::string, std::unique_ptr<object_backend>, std::less<>> backends_;
  std::vector<std::optional<text_pattern>> projects_;  // of each rule: its pattern, if it has one
  std::vector<std::optional<text_pattern>> names_;
  std::vector<cache> caches_;
};

}  // namespace troupe
