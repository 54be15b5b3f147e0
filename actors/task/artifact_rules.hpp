#pragma once

#include "actors/task/task_state.hpp"
#include "messages/answer.hpp"
#include "messages/api_error.hpp"
#include "messages/blob_place.hpp"
#include "runtime/objects/content_hashes.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What is known of an artifact (queue contract 3.7); its data are elsewhere.
struct artifact_record {
  artifact_storage storage = artifact_storage::s3;
  std::string content_type;  ///< as it was when the artifact was first created
  std::string details;       ///< reference: url; link: target; error: JSON of reason and message
  timestamp expires;
  std::optional<std::uint64_t> content_length;  ///< what the creator said it would be

  std::string bucket = {};      ///< s3: of its data; empty: they are in the local store
  std::string backend_id = {};  ///< object: which has its data; empty: the local store
  std::string upload_id = {};   ///< object: of the upload that makes it
  std::string hashes = {};      ///< object: a JSON object by algorithm; empty: none
  seen_hashes seen = {};        ///< object at a backend: of data that came with createUpload
  bool uploaded = false;        ///< object: its data are complete
  bool published = false;       ///< object: finishArtifact was called

  /// Whether it is there for readers.
  bool present() const { return storage != artifact_storage::object || published; }

  friend bool operator==(const artifact_record&, const artifact_record&) = default;
};

/// The artifacts of all runs of a task, by `artifact_field`; those of a run stand together, in the
/// order of their names.
using artifact_records = std::map<std::string, artifact_record>;

/// `<runId>/<name>`: the place of an artifact among those of its task.
std::string artifact_field(run_id run, std::string_view name);

/// The record as the store keeps it.
std::string artifact_text(const artifact_record& record);
/// The record that was stored; nothing when the text makes no sense.
std::optional<artifact_record> read_artifact(std::string_view text);

/// createArtifact (queue contract 7.2): the record that has to be written, which replaces
/// `existing` where the call is compatible with it. `place` is where the data of a new artifact go:
/// the bucket of an s3, the backend of an object artifact; those of an existing one stay where they
/// are. Errors: 400; 409 for a run that is over and
/// for an artifact that differs.
outcome<artifact_record> decide_artifact(const task_state& state, const create_artifact& command,
                                         const artifact_record* existing, timestamp now,
                                         std::string place = {});

/// What createArtifact answers. For s3 `put_url` takes the data until `put_until`; the others have
/// none.
std::string create_artifact_answer(const artifact_record& record, std::string_view put_url,
                                   timestamp put_until);

/// Whether the call publishes artifact-created.
bool publishes_artifact(artifact_storage storage);

/// The payload of artifact-created (queue contract 5.2), around a finished status text.
std::string artifact_payload(const task_state& state, std::string_view status, run_id run,
                             std::string_view name, const artifact_record& record);

/// `<taskId>/<runId>/<name>`, the key of the data of an artifact in the local store and in S3.
std::string artifact_key(const task_id& task, run_id run, std::string_view name);

/// `t/<taskId>/<runId>/<name>`: what the object of an artifact is called.
std::string object_name(const task_id& task, run_id run, std::string_view name);

/// Whether the data never change again, as far as their creator is honest: copies may be made of
/// them.
bool is_settled(const task_state& state, run_id run, const artifact_record& record, timestamp now);

/// Where the data of an artifact are.
blob_place artifact_place(const artifact_record& record, const task_id& task, run_id run,
                          std::string_view name);

/// The end of a chain of links: no link itself.
struct found_artifact {
  std::string name;
  artifact_record record;
};

/// Follows links from `name` (queue contract 7.4). `look_up` finds a record of the run, null when
/// there is none; `authorise` is asked with all names seen so far before each look-up. Errors: what
/// `authorise` says, 404, 410 for an expired one, 400 for links in a circle.
outcome<found_artifact> follow_links(
    std::string_view name, const std::function<const artifact_record*(const std::string&)>& look_up,
    const std::function<outcome<void>(const std::vector<std::string>&)>& authorise, timestamp now);

/// The 404 of an artifact that is not there.
api_error no_artifact(std::string_view name);

/// What artifactInfo answers (queue contract 7.4), and a listing for each artifact.
std::string artifact_info_text(std::string_view name, const artifact_record& record);

/// A page of the run's artifacts: `limit` of those behind the name `after` that have not expired,
/// with the position to go on from when there are more.
answer artifact_page_answer(const artifact_records& records, run_id run, std::string_view after,
                            std::uint32_t limit, timestamp now);

/// Whether the artifact expired so long ago that it is to be removed.
bool is_over(const artifact_record& record, timestamp now, std::chrono::milliseconds delay);

/// What the methods `artifact` and `latestArtifact` answer for the end of the chain: what it is and
/// where, always with 200.
answer artifact_content_answer(const found_artifact& found, const std::string& url);

/// What getArtifact answers for the end of the chain: 303 to the data, 424 for an error artifact.
/// `url` is where s3 data are; a reference brings its own.
answer artifact_answer(const found_artifact& found, const std::string& url);

}  // namespace troupe
