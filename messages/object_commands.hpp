#pragma once

#include "messages/ids.hpp"
#include "messages/reply_handle.hpp"
#include "messages/timestamp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe {

// What the object service does (queue contract 7, object contract 2). Objects of artifacts are
// called `t/<taskId>/<runId>/<artifact name>` and looked after by their tasks; all others by the
// service.

/// How a client can upload.
struct upload_proposal {
  bool data_inline = false;  ///< the data are here
  std::string inline_type;   ///< their content type
  std::string inline_bytes;
  bool put_url = false;  ///< it can use such an URL
  std::string content_type;
  std::uint64_t content_length = 0;
};

/// Whether browsers would show it as a page, with the rights of pages of the server.
inline bool is_html(std::string_view content_type) {
  return content_type.starts_with("text/html") || content_type.starts_with("application/xhtml");
}

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
  std::string hashes;  ///< a JSON object by algorithm
  upload_proposal proposed;
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
  get_url,         ///< startDownload by getUrl
  simple,          ///< startDownload by simple
  redirect,        ///< download
  metadata,        ///< object
  unknown_method,  ///< startDownload by what nobody offers
};

/// Answer where the data of the object are, or what is known of it.
struct read_object {
  task_id task;
  run_id run = 0;
  std::string name;
  object_reading as = object_reading::metadata;
  std::string site;  ///< whose copy the caller gets, if there is one; empty: none's
  reply_handle reply;
};

// -- the service ----------------------------------------------------------------------------------

/// Read what Redis holds; the first message.
struct open_objects {};

/// Reserve a name, and answer where the data are to be put (createUpload).
struct create_object {
  std::string name;
  std::string project_id;
  std::string upload_id;
  timestamp expires;
  std::string hashes;  ///< a JSON object by algorithm
  upload_proposal proposed;
  reply_handle reply;
};

/// The data are there (finishUpload).
struct finish_object {
  std::string name;
  std::string project_id;
  std::string upload_id;
  std::string hashes;  ///< a JSON object by algorithm
  reply_handle reply;
};

/// Answer where the data are, or what is known of the object.
struct find_object {
  std::string name;
  object_reading as = object_reading::metadata;
  std::string site;  ///< whose copy the caller gets, if there is one; empty: none's
  reply_handle reply;
};

/// An object may have expired.
struct objects_timer_fired {};

}  // namespace troupe
