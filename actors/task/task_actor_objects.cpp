// Artifacts of the storage type `object`: how they are uploaded, published and read.

#include "actors/task/artifact_rows.hpp"
#include "actors/task/object_rules.hpp"
#include "actors/task/task_actor.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/object_stores/object_stores.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::hours upload_lasts{24};
constexpr std::chrono::hours download_lasts{1};
constexpr std::chrono::minutes put_url_lasts{45};
constexpr std::chrono::minutes get_url_lasts{30};

}  // namespace

const artifact_record* task_shell::known_artifact(run_id run, std::string_view name) const {
  const auto at = artifacts_->records.find(artifact_field(run, name));
  return at == artifacts_->records.end() ? nullptr : &at->second;
}

// Credentials with exactly the scope of one upload (queue contract 7.2).
std::string task_shell::upload_credentials(const create_artifact& command,
                                           const artifact_record& record, timestamp now) const {
  const auto& worker = state_.runs[command.run].worker;
  return stage_.parts.object_credentials("artifact-upload/" + state_.id.str() + "/" +
                                             std::to_string(command.run) + "/on/" + worker.group +
                                             "/" + worker.id,
                                         "object:upload:" + state_.definition->project_id + ":" +
                                             object_name(state_.id, command.run, command.name),
                                         now, std::min(record.expires, now + upload_lasts));
}

answer task_shell::object_content_answer(run_id run, const found_artifact& found,
                                         timestamp now) const {
  const auto object = object_name(state_.id, run, found.name);
  return answer{object_content(
      object,
      stage_.parts.object_credentials(downloader_id(state_.id, run, found.name),
                                      "object:download:" + object, now, now + download_lasts))};
}

void task_shell::publish_artifact(run_id run, const std::string& name,
                                  const artifact_record& record) {
  const auto& worker = state_.runs[run].worker;
  std::string key;
  append_routing_key(key, state_, run, &worker);
  const auto payload = artifact_payload(state_, status(), run, name, record);
  stage_.store().append_event(shard(), {"exchange/taskcluster-queue/v1/artifact-created", key,
                                        cc_of(*state_.definition), payload});
}

// Writes the record, and says that it is there when that is news.
void task_shell::keep_artifact(run_id run, const std::string& name, artifact_record record,
                               bool publishes) {
  auto& commands = stage_.store().begin_commit();
  write_artifact(commands, state_.id, run, name, record);
  if (publishes)
    publish_artifact(run, name, record);
  last_commit_ = stage_.store().end_commit();
  artifacts_->records[artifact_field(run, name)] = std::move(record);
}

// Where the data of a new artifact go.
outcome<std::string> task_shell::place_for(const create_artifact& command) const {
  if (command.storage == artifact_storage::s3)
    return stage_.parts.bucket_for(command.name);
  const auto* stores = stage_.parts.objects;
  if (command.storage != artifact_storage::object || stores == nullptr)
    return std::string{};
  const auto name = object_name(state_.id, command.run, command.name);
  const auto& project = state_.definition->project_id;
  auto id = stores->choose(project, name);
  if (!id)
    return make_api_error(
        error_code::no_matching_backend,
        "No backend of this server keeps object artifacts of project '" + project +
            "' with such a name. Use the storage type s3, or have a backend configured.");
  if (stores->is_local(*id))
    return std::string{};
  TROUPE_CHECK(stores->find(*id)->accepts(name));
  return *std::move(id);
}

// Null: the local store has them.
outcome<object_backend*> task_shell::backend_of(const artifact_record& record) const {
  if (record.backend_id.empty())
    return nullptr;
  const auto* stores = stage_.parts.objects;
  auto* backend = stores == nullptr ? nullptr : stores->find(record.backend_id);
  if (backend == nullptr)
    return make_api_error(error_code::input_error,
                          "The data of the object are at the backend '" + record.backend_id +
                              "', which is no longer configured at this server.");
  return backend;
}

void task_shell::finish_object(finish_artifact& command) {
  if (postponed(command) || !run_of(command.run, command.reply))
    return;
  with_artifacts(command.reply, [this, command] {
    auto record = decide_finish(known_artifact(command.run, command.name), command);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    keep_artifact(command.run, command.name, std::move(*record), true);
    stage_.store().answer(last_commit_, command.reply, answer{204, {}});
  });
}

void task_shell::begin_upload(create_upload& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    auto record = decide_create_upload(state_, known_artifact(command.run, command.name), command);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    const auto at = backend_of(*record);
    if (!at)
      return refuse(command.reply, at.error());
    auto* backend = *at;
    keep_artifact(command.run, command.name, std::move(*record), false);
    const auto now = stage_.on.now();
    const auto until = now + put_url_lasts;
    const auto method = choose_upload(command.proposed);
    const auto key = upload_key(command.upload_id);
    const stored_object object{object_name(state_.id, command.run, command.name),
                               command.upload_id};
    std::string url;
    if (method == upload_method::put_url)
      url = backend == nullptr
                ? stage_.parts.put_url({{}, key}, command.proposed.content_type, now, until)
                : backend->put_url(object, command.proposed, now, until);
    auto text = create_upload_text(command.project_id, command.upload_id, command.expires,
                                   command.proposed, method, url, until);
    if (method != upload_method::data_inline)
      return stage_.store().answer(last_commit_, command.reply, answer{std::move(text)});
    auto self = caf::actor_cast<task_actor>(this);
    const auto taken = [this, self, to = command.reply, text](const outcome<void>& put) {
      stage_.store().answer(last_commit_, to, put ? answer{text} : answer{put.error()});
    };
    const auto& proposed = command.proposed;
    if (backend == nullptr)
      return stage_.parts.put_upload(stage_.on, key, proposed.inline_type, proposed.inline_bytes,
                                     taken);
    // Data are only there for objects that Redis knows.
    stage_.store().when_safe(last_commit_, [this, self, backend, object, taken, proposed] {
      backend->put(stage_.on, object, proposed.inline_type, proposed.inline_bytes, taken);
    });
  });
}

// What is uploaded goes to its final place when it is complete, so that nobody who still has the
// URL of the upload can change it. One call of them at a time, for the same reason.
void task_shell::end_upload(finish_upload& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    const auto* known = known_artifact(command.run, command.name);
    auto record = decide_finish_upload(state_, known, command);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    if (known->uploaded)
      return stage_.store().answer(last_commit_, command.reply, answer{"{}"});
    const auto backend = backend_of(*record);
    if (!backend)
      return refuse(command.reply, backend.error());
    const auto field = artifact_field(command.run, command.name);
    if (const auto [at, first] = artifacts_->finishing.try_emplace(field); !first)
      return at->second.push_back(command);
    auto self = caf::actor_cast<task_actor>(this);
    const auto ended = [this, self, command](const outcome<void>& kept) {
      if (!artifacts_ || failed_)
        return stage_.on.deliver(
            command.reply, answer{make_api_error(error_code::service_unavailable,
                                                 "The task is starting again; repeat the call.")});
      try {
        upload_kept(command, kept);
      } catch (...) {
        stage_.on.deliver(command.reply, answer{make_api_error(error_code::internal_server_error,
                                                               report_failure())});
      }
    };
    if (*backend != nullptr)
      return (*backend)->finish(
          stage_.on, {object_name(state_.id, command.run, command.name), record->upload_id},
          record->hashes, ended);
    stage_.parts.keep_upload(stage_.on, upload_key(record->upload_id),
                             artifact_key(state_.id, command.run, command.name), record->hashes,
                             ended);
  });
}

void task_shell::upload_kept(const finish_upload& command, outcome<void> kept) {
  auto waiting = artifacts_->finishing.extract(artifact_field(command.run, command.name));
  if (!waiting.empty())
    for (auto& other : waiting.mapped())
      stage_.board.tell(stage_.on, std::move(other));
  if (!kept)
    return refuse(command.reply, std::move(kept).error());
  // It may have changed meanwhile.
  auto record = decide_finish_upload(state_, known_artifact(command.run, command.name), command);
  if (!record)
    return refuse(command.reply, std::move(record).error());
  keep_artifact(command.run, command.name, std::move(*record), false);
  stage_.store().answer(last_commit_, command.reply, answer{"{}"});
}

// A cache stands in for all that does not want the data themselves.
std::string task_shell::object_url(const blob_place& at, timestamp now, timestamp until,
                                   bool may_be_cached, const std::string& object) const {
  if (may_be_cached && stage_.parts.objects != nullptr)
    if (auto cached = stage_.parts.objects->cached_url(object))
      return *std::move(cached);
  return stage_.parts.get_url(at, now, until, true);
}

void task_shell::read_object_of(read_object& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    const auto now = stage_.on.now();
    auto record = decide_read_object(known_artifact(command.run, command.name), command, now);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    const auto until = now + get_url_lasts;
    std::string url;
    if (command.as != object_reading::metadata && command.as != object_reading::unknown_method) {
      if (auto backend = backend_of(*record); !backend)
        return refuse(command.reply, std::move(backend).error());
      url =
          object_url(artifact_place(*record, state_.id, command.run, command.name), now, until,
                     command.as == object_reading::simple || command.as == object_reading::redirect,
                     object_name(state_.id, command.run, command.name));
    }
    if (url.empty() || command.site.empty())
      return stage_.store().answer(last_commit_, command.reply,
                                   read_object_answer(state_, command, *record, url, until));
    find_copy wish;
    wish.site = command.site;
    wish.reader = command.reply;
    wish.form = [as = command.as, project = state_.definition->project_id, record = *record](
                    const std::string& at, timestamp good_until) {
      return object_answer(as, {project, record.expires, record.hashes}, at, good_until);
    };
    answer_by_copy(command.run, command.name, *record, url, until, std::move(wish));
  });
}

}  // namespace troupe
