#include "actors/task/object_rules.hpp"

#include "messages/json_text.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/objects/content_hashes.hpp"

#include <algorithm>

namespace troupe {

namespace {

api_error bad_input(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

api_error conflict(std::string text) {
  return make_api_error(error_code::request_conflict, std::move(text));
}

api_error unknown_object(std::string_view name) {
  return make_api_error(error_code::resource_not_found,
                        "The object of artifact '" + std::string{name} +
                            "' does not exist, or its upload has not been finished.");
}

bool is_object(const artifact_record* record) {
  return record != nullptr && record->storage == artifact_storage::object;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

}  // namespace

std::string upload_key(std::string_view upload_id) { return "upload/" + std::string{upload_id}; }

std::string create_object_answer(const task_state& state, const create_artifact& command,
                                 const artifact_record& record, std::string_view credentials) {
  std::string out = R"({"storageType":"object")";
  append_member(out, "name", object_name(state.id, command.run, command.name));
  append_member(out, "projectId", state.definition->project_id);
  append_member(out, "uploadId", record.upload_id);
  append_member(out, "expires", to_iso(record.expires));
  out += ",\"credentials\":";
  out += credentials;
  out += '}';
  return out;
}

std::string object_content(std::string_view object, std::string_view credentials) {
  std::string out = R"({"storageType":"object")";
  append_member(out, "name", object);
  out += ",\"credentials\":";
  out += credentials;
  out += '}';
  return out;
}

std::string downloader_id(const task_id& task, run_id run, std::string_view name) {
  auto id = "artifact-download/" + artifact_key(task, run, name);
  // Credentials of any other id would be refused; and no header can hold a quotation mark.
  std::replace_if(
      id.begin(), id.end(),
      [](const char& c) {
        return !is_valid_client_id({&c, 1});
      },
      '_');
  return id;
}

outcome<artifact_record> decide_finish(const artifact_record* record,
                                       const finish_artifact& command) {
  if (record == nullptr)
    return no_artifact(command.name);
  if (record->storage != artifact_storage::object)
    return bad_input("Artifact '" + command.name + "' has storage type " +
                     std::string{to_string(record->storage)} +
                     "; only object artifacts are finished.");
  if (record->published)
    return *record;
  if (record->upload_id != command.upload_id)
    return bad_input("Artifact '" + command.name +
                     "' has another uploadId. Give the one of the answer of createArtifact.");
  if (!record->uploaded)
    return bad_input("The object of artifact '" + command.name +
                     "' is not complete. Upload its data and call finishUpload of the object "
                     "service first.");
  auto finished = *record;
  finished.published = true;
  return finished;
}

outcome<artifact_record> decide_create_upload(const task_state& state,
                                              const artifact_record* record,
                                              const create_upload& command) {
  if (!is_object(record))
    return bad_input(
        "Objects with names like t/<taskId>/<runId>/... belong to artifacts of storage type "
        "'object'. Create the artifact first, and use the name and the credentials of the answer.");
  if (record->uploaded || record->upload_id != command.upload_id ||
      state.definition->project_id != command.project_id || record->expires != command.expires)
    return conflict(
        "Object already exists: the artifact was reserved with another uploadId, projectId or "
        "expires, or its upload is finished.");
  auto changed = *record;
  TROUPE_TRY(changed.hashes, merge_hashes(record->hashes, command.hashes, true));
  if (command.proposed.data_inline) {
    const auto seen = hashes_of(command.proposed.inline_bytes);
    TROUPE_CHECK(check_hashes(changed.hashes, seen));
    // The local store sees for itself what it has when the upload is finished.
    if (!changed.backend_id.empty())
      changed.seen = seen;
  } else if (command.proposed.put_url) {
    changed.seen = {};  // from now on other data may come
  }
  return changed;
}

outcome<artifact_record> decide_finish_upload(const task_state& state,
                                              const artifact_record* record,
                                              const finish_upload& command) {
  if (!is_object(record))
    return unknown_object(command.name);
  if (state.definition->project_id != command.project_id)
    return bad_input("The object belongs to another project than '" + command.project_id + "'.");
  if (!record->uploaded && record->upload_id != command.upload_id)
    return conflict("The object has another uploadId. Give the one of its createUpload.");
  auto finished = *record;
  TROUPE_TRY(finished.hashes, merge_hashes(record->hashes, command.hashes, !record->uploaded));
  if (!record->uploaded)
    TROUPE_CHECK(check_hashes(finished.hashes, record->seen));
  finished.uploaded = true;
  return finished;
}

outcome<artifact_record> decide_read_object(const artifact_record* record,
                                            const read_object& command, timestamp now) {
  if (!is_object(record) || !record->uploaded)
    return unknown_object(command.name);
  if (record->expires < now)
    return make_api_error(error_code::resource_expired,
                          "The object expired at " + to_iso(record->expires) + ".");
  return *record;
}

answer read_object_answer(const task_state& state, const read_object& command,
                          const artifact_record& record, const std::string& url, timestamp until) {
  return object_answer(command.as, {state.definition->project_id, record.expires, record.hashes},
                       url, until);
}

}  // namespace troupe
