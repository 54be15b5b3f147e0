#include "messages/task_commands.hpp"

#include <array>

namespace troupe {

namespace {
constexpr std::array<std::string_view, 5> storage_names = {"s3", "object", "reference", "link",
                                                           "error"};
}

std::string_view to_string(artifact_storage storage) {
  return storage_names[static_cast<std::size_t>(storage)];
}

std::optional<artifact_storage> parse_artifact_storage(std::string_view text) {
  for (std::size_t i = 0; i < storage_names.size(); ++i)
    if (storage_names[i] == text)
      return static_cast<artifact_storage>(i);
  return std::nullopt;
}

}  // namespace troupe
