#pragma once

#include "actors/task/artifact_rules.hpp"
#include "messages/object_commands.hpp"
#include "runtime/objects/object_answers.hpp"

#include <string>
#include <string_view>

namespace troupe {

// Artifacts of the storage type `object`: reserved by createArtifact, uploaded as the object
// contract has it, published by finishArtifact.

/// Where the data of an upload are until it is finished.
std::string upload_key(std::string_view upload_id);

/// What createArtifact answers for an object: whatever the client needs to upload it.
std::string create_object_answer(const task_state& state, const create_artifact& command,
                                 const artifact_record& record, std::string_view credentials);

/// What `artifact` answers for an object: its name and credentials that may download it.
std::string object_content(std::string_view object, std::string_view credentials);

/// The id that these credentials go by: `artifact-download/<taskId>/<runId>/<name>`, with `_` for
/// what may be in the name of an artifact, but not in the id of a client.
std::string downloader_id(const task_id& task, run_id run, std::string_view name);

/// finishArtifact (queue contract 7.3): the record as it is to be written; the same when the
/// artifact was published before. Errors: 404, 400 for other storage types, for another upload and
/// for an object that is not complete.
outcome<artifact_record> decide_finish(const artifact_record* record,
                                       const finish_artifact& command);

/// createUpload (object contract 2.1): the record with the hashes that became known. Errors: 400
/// for an object that no artifact reserves and for data that have other hashes, 409 for another
/// upload than the reserved one.
outcome<artifact_record> decide_create_upload(const task_state& state,
                                              const artifact_record* record,
                                              const create_upload& command);

/// finishUpload (object contract 2.2): the record of a complete object, the same when it was
/// complete before. Errors: 404, 400 for another project, 409 for another upload or other hashes.
outcome<artifact_record> decide_finish_upload(const task_state& state,
                                              const artifact_record* record,
                                              const finish_upload& command);

/// The record of a complete object that has not expired; 404 and 410 otherwise.
outcome<artifact_record> decide_read_object(const artifact_record* record,
                                            const read_object& command, timestamp now);

/// What startDownload, download and object answer. `url` answers with the data until `until`.
answer read_object_answer(const task_state& state, const read_object& command,
                          const artifact_record& record, const std::string& url, timestamp until);

}  // namespace troupe
