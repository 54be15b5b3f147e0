#pragma once

#include "messages/timestamp.hpp"
#include "runtime/objects/content_hashes.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace troupe {

/// What is known of an object; its data are at its backend.
struct object_row {
  std::string project_id;
  std::string backend_id;
  std::string upload_id;
  timestamp upload_expires;  ///< an upload that is not finished by then is given up
  timestamp expires;
  std::string hashes;     ///< a JSON object by algorithm; empty: none
  seen_hashes seen = {};  ///< of data that came with the last createUpload
  bool finished = false;  ///< the data are complete and never change again

  friend bool operator==(const object_row&, const object_row&) = default;
};

/// All objects by name, their uploads, and the order in which they end.
struct object_state {
  std::map<std::string, object_row, std::less<>> rows;
  std::map<std::string, std::string, std::less<>> uploads;  ///< names, by uploadId
  /// When each ends, or is tried again; without those that are being removed just now.
  std::set<std::pair<timestamp, std::string>> by_end;
};

}  // namespace troupe
