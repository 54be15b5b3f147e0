#pragma once

#include <string>

namespace troupe {

/// Where the data of an artifact are kept.
struct blob_place {
  std::string bucket;  ///< of the S3 store; empty: the local store
  std::string key;
  /// The backend of objects that has them, as the object called `key`; empty: none of those.
  std::string backend_id = {};

  friend bool operator==(const blob_place&, const blob_place&) = default;
};

}  // namespace troupe
