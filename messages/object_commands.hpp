#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe {

// What the task of an object artifact is told (queue contract 7, object contract 2). Objects are
// called `t/<taskId>/<runId>/<artifact name>`; this server keeps no others.

/// Publish the artifact whose object is complete (finishArtifact).
struct finish_artifact {
  task_id task;
  run_id run = 0;
  std::string name;
  std::string upload_id;
  reply_handle reply;
};

/// Answer where the data are to be put (createUpload).
struct create_upload {
  task_id task;
  run_id run = 0;
  std::string name;
  std::string project_id;
  std::string upload_id;
  timestamp expires;
  std::string hashes;    ///< a JSON object by algorithm
  bool put_url = false;  ///< the client can use such an URL
  std::string content_type;
  std::uint64_t content_length = 0;
  reply_handle reply;
};

/// The data are there: the object is complete and never changes again (finishUpload).
struct finish_upload {
  task_id task;
  run_id run = 0;
  std::string name;
  std::string project_id;
  std::string upload_id;
  std::string hashes;  ///< a JSON object by algorithm
  reply_handle reply;
};

/// How somebody reads an object.
enum class object_reading : std::uint8_t {
  get_url,   ///< startDownload by getUrl
  simple,    ///< startDownload by simple
  redirect,  ///< download
  metadata,  ///< object
};

/// Answer where the data of the object are, or what is known of it.
struct read_object {
  task_id task;
  run_id run = 0;
  std::string name;
  object_reading as = object_reading::metadata;
  reply_handle reply;
};

}  // namespace troupe
