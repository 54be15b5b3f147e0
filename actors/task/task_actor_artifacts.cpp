// What the runs of a task leave behind: how it is created, found, listed, and removed in the end.

#include "actors/task/artifact_places.hpp"
#include "actors/task/artifact_rows.hpp"
#include "actors/task/object_rules.hpp"
#include "actors/task/task_actor.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::minutes put_url_lasts{45};
constexpr std::chrono::minutes get_url_lasts{30};
constexpr std::string_view public_prefix = "public/";

api_error out_of_reach(const std::string& name, const blob_place& at) {
  const auto where = at.backend_id.empty() ? "in bucket '" + at.bucket + "' of an S3 store"
                                           : "at a backend '" + at.backend_id + "'";
  return make_api_error(error_code::resource_not_found,
                        "The data of artifact '" + name + "' are " + where +
                            " that this server is no longer configured for.");
}

}  // namespace

void task_shell::with_artifacts(const reply_handle& reply, std::function<void()> then) {
  if (!artifacts_)
    artifacts_ = std::make_unique<artifact_shelf>();
  if (artifacts_->loaded)
    return then();
  artifacts_->later.emplace_back(reply, std::move(then));
  if (artifacts_->later.size() > 1)
    return;
  resp_writer commands;
  commands.command("HGETALL",
                   resp_writer::joined{shard_key_prefix(shard()), "artifacts:", state_.id.view()});
  // The actor may leave before the reply comes, so it is held until then.
  auto self = caf::actor_cast<task_actor>(this);
  stage_.store().query(commands, [this, self](std::vector<redis_reply>& replies) {
    if (!artifacts_ || failed_)
      return;
    try {
      take_artifacts(replies.front());
      arm_timer();
    } catch (...) {
      report_failure();
    }
  });
}

void task_shell::take_artifacts(const redis_reply& all) {
  for (std::size_t i = 0; i + 1 < all.size(); i += 2)
    if (auto record = read_artifact(text_of(all.at(i + 1))))
      artifacts_->records.emplace(std::string{text_of(all.at(i))}, std::move(*record));
  artifacts_->loaded = true;
  while (!artifacts_->later.empty()) {
    // Whom it fails on waits until it is done, so that nobody is forgotten.
    artifacts_->later.front().second();
    artifacts_->later.erase(artifacts_->later.begin());
  }
}

void task_shell::put_artifact(create_artifact& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    const auto now = stage_.on.now();
    const auto key = artifact_field(command.run, command.name);
    if (const auto leaving = artifacts_->leaving.find(key); leaving != artifacts_->leaving.end())
      return leaving->second.push_back(command);
    const auto* existing = known_artifact(command.run, command.name);
    const auto chosen = place_for(command);
    auto record = decide_artifact(state_, command, existing, now, chosen ? *chosen : std::string{});
    if (record && existing == nullptr && !chosen)
      record = chosen.error();
    if (!record)
      return refuse(command.reply, std::move(record).error());
    std::string url;
    // What is uploaded when the artifact has been removed would stay for ever.
    const auto until =
        std::min(now + put_url_lasts, record->expires + stage_.parts.expiration_delay);
    if (record->storage == artifact_storage::s3) {
      const auto place = artifact_place(*record, state_.id, command.run, command.name);
      url = stage_.parts.put_url(place, record->content_type, now, until);
      if (url.empty())
        return refuse(command.reply, out_of_reach(command.name, place));
    }
    answer result{record->storage == artifact_storage::object
                      ? create_object_answer(state_, command, *record,
                                             upload_credentials(command, *record, now))
                      : create_artifact_answer(*record, url, until)};
    const bool publishes = publishes_artifact(record->storage);
    keep_artifact(command.run, command.name, std::move(*record), publishes);
    stage_.store().answer(last_commit_, command.reply, std::move(result));
  });
}

// The run that is meant; nothing when there is none, and whoever asked was answered.
std::optional<run_id> task_shell::run_of(std::optional<run_id> wanted, const reply_handle& reply) {
  if (state_.has_runs() && (!wanted || *wanted < state_.runs.size()))
    return wanted.value_or(state_.last_run_id());
  refuse(reply,
         make_api_error(
             error_code::resource_not_found,
             wanted ? "Task " + state_.id.str() + " has no run " + std::to_string(*wanted) + "."
                    : "Task " + state_.id.str() + " has no runs yet, so it has no artifacts."));
  return std::nullopt;
}

void task_shell::find_artifact(get_artifact& command) {
  if (postponed(command))
    return;
  // Who may not read the name hears that first, whether the artifact exists or not.
  if (auto allowed = stage_.parts.authorise_artifacts(*command.by, {command.name}); !allowed)
    return refuse(command.reply, std::move(allowed).error());
  const auto run = run_of(command.run, command.reply);
  if (!run)
    return;
  with_artifacts(command.reply, [this, command, run = *run] {
    const auto now = stage_.on.now();
    auto found = follow_links(
        command.name, [&](const std::string& name) { return known_artifact(run, name); },
        [&](const std::vector<std::string>& names) {
          return stage_.parts.authorise_artifacts(*command.by, names);
        },
        now);
    if (!found)
      return refuse(command.reply, std::move(found).error());
    const bool is_object = found->record.storage == artifact_storage::object;
    if (is_object && command.as_content)
      return stage_.store().answer(last_commit_, command.reply,
                                   object_content_answer(run, *found, now));
    std::string url;
    const auto place = artifact_place(found->record, state_.id, run, found->name);
    // Local URLs of what is public are always the same, and good as long as there is something
    // behind.
    const auto until =
        found->name.starts_with(public_prefix) && place.bucket.empty() && place.backend_id.empty()
            ? found->record.expires + stage_.parts.expiration_delay
            : now + get_url_lasts;
    if (is_object)
      url = object_url(place, now, until, !command.skip_cdn,
                       object_name(state_.id, run, found->name));
    else if (found->record.storage == artifact_storage::s3)
      url = stage_.parts.get_url(place, now, until, command.skip_cdn);
    if (url.empty() && (is_object || found->record.storage == artifact_storage::s3))
      return refuse(command.reply, out_of_reach(found->name, place));
    if (command.site.empty())
      return stage_.store().answer(
          last_commit_, command.reply,
          command.as_content ? artifact_content_answer(*found, url) : artifact_answer(*found, url));
    find_copy wish;
    wish.site = command.site;
    wish.reader = command.reply;
    wish.form = [found = *found, as_content = command.as_content](const std::string& at,
                                                                  timestamp) {
      return as_content ? artifact_content_answer(found, at) : artifact_answer(found, at);
    };
    answer_by_copy(run, found->name, found->record, url, until, std::move(wish));
  });
}

void task_shell::show_artifact(describe_artifact& command) {
  if (postponed(command))
    return;
  const auto run = run_of(command.run, command.reply);
  if (!run)
    return;
  with_artifacts(command.reply, [this, command, run = *run] {
    const auto* record = known_artifact(run, command.name);
    if (record == nullptr || !record->present())
      return refuse(command.reply, no_artifact(command.name));
    stage_.store().answer(last_commit_, command.reply,
                          answer{artifact_info_text(command.name, *record)});
  });
}

void task_shell::show_artifacts(list_artifacts& command) {
  if (postponed(command))
    return;
  const auto run = run_of(command.run, command.reply);
  if (!run)
    return;
  with_artifacts(command.reply, [this, command, run = *run] {
    stage_.store().answer(last_commit_, command.reply,
                          artifact_page_answer(artifacts_->records, run, command.after,
                                               command.limit, stage_.on.now()));
  });
}

// -- the end of them ------------------------------------------------------------------------------

void task_shell::expire(expire_artifact& command) {
  if (!postponed(command))
    with_artifacts({}, [this, command] { drop_artifact(command); });
}

// The data go first: a record without data is found again, data without a record are not. A record
// that cannot be read counts as one that has had its time.
void task_shell::drop_artifact(const expire_artifact& command) {
  const auto field = artifact_field(command.run, command.name);
  const auto at = artifacts_->records.find(field);
  const bool known = at != artifacts_->records.end();
  if (known && !is_over(at->second, command.due, {}))
    return stage_.board.tell(stage_.on,
                             artifact_expired{state_.id, command.sweep, expiry_result::renewed});
  const bool is_object = known && at->second.storage == artifact_storage::object;
  if (known && at->second.storage != artifact_storage::s3 && !is_object)
    return dropped(command, boost::system::in_place_value);
  if (!artifacts_->leaving.try_emplace(field).second)
    return;
  auto places =
      known ? std::vector<blob_place>{artifact_place(at->second, state_.id, command.run,
                                                     command.name)}
            : every_place(stage_, command.name, artifact_key(state_.id, command.run, command.name));
  if (is_object && at->second.backend_id.empty())
    places.push_back({{}, upload_key(at->second.upload_id)});
  // The actor may leave before the data are gone, so it is held until then.
  auto self = caf::actor_cast<task_actor>(this);
  stage_.parts.remove_blobs(stage_.on, std::move(places),
                            [this, self, command](outcome<void> removed) {
                              if (!artifacts_ || failed_)
                                return;
                              try {
                                dropped(command, removed);
                                arm_timer();
                              } catch (...) {
                                report_failure();
                              }
                            });
}

void task_shell::dropped(const expire_artifact& command, const outcome<void>& removed) {
  const auto field = artifact_field(command.run, command.name);
  if (removed) {
    last_commit_ = forget_artifact(stage_.store(), state_.id, command.run, command.name);
    artifacts_->records.erase(field);
    forget_artifact_copies(stage_, state_.id, command.run, command.name);
  }
  stage_.board.tell(stage_.on,
                    artifact_expired{state_.id, command.sweep,
                                     removed ? expiry_result::removed : expiry_result::failed});
  if (auto waiting = artifacts_->leaving.extract(field); !waiting.empty())
    for (auto& again : waiting.mapped())
      stage_.board.tell(stage_.on, std::move(again));
}

}  // namespace troupe
