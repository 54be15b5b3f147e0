// What a task knows of its artifacts, and how it answers for them.

#include "actors/task/task_actor.hpp"
#include "actors/task/task_wire.hpp"
#include "runtime/lane/caf_compat.hpp"

namespace troupe {

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
      if (auto key = read_artifact_field(text_of(all.at(i))))
        artifacts_->records.emplace(std::move(*key), std::move(*record));
  artifacts_->loaded = true;
  while (!artifacts_->later.empty()) {
    // Whom it fails on waits until it is done, so that nobody is forgotten.
    artifacts_->later.front().second();
    artifacts_->later.erase(artifacts_->later.begin());
  }
}

namespace {

constexpr std::chrono::minutes put_url_lasts{45};
constexpr std::chrono::minutes get_url_lasts{30};

}  // namespace

void task_shell::put_artifact(create_artifact& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    const auto now = stage_.on.now();
    auto record = decide_artifact(state_, command, artifact(command.run, command.name), now);
    if (!record)
      return refuse(command.reply, std::move(record).error());
    auto& commands = stage_.store().begin_commit();
    commands.command("HSET",
                     resp_writer::joined{shard_key_prefix(shard()), "artifacts:", state_.id.view()},
                     artifact_field(command.run, command.name), artifact_text(*record));
    if (publishes_artifact(record->storage)) {
      const auto& worker = state_.runs[command.run].worker;
      std::string key;
      append_routing_key(key, state_, command.run, &worker);
      const auto payload = artifact_payload(state_, status(), command, *record);
      stage_.store().append_event(shard(), {"exchange/taskcluster-queue/v1/artifact-created", key,
                                            cc_of(*state_.definition), payload});
    }
    last_commit_ = stage_.store().end_commit();
    const auto until = now + put_url_lasts;
    std::string put_url;
    if (record->storage == artifact_storage::s3)
      put_url = stage_.parts.put_url(artifact_key(state_.id, command.run, command.name),
                                     record->content_type, until);
    auto body = create_artifact_answer(*record, put_url, until);
    artifacts_->records[{command.run, command.name}] = std::move(*record);
    stage_.store().answer(last_commit_, command.reply, answer{std::move(body)});
  });
}

void task_shell::find_artifact(get_artifact& command) {
  if (postponed(command))
    return;
  // Who may not read the name hears that first, whether the artifact exists or not.
  if (auto allowed = stage_.parts.authorise_artifacts(*command.by, {command.name}); !allowed)
    return refuse(command.reply, std::move(allowed).error());
  const auto run = run_of_artifacts(state_, command.run);
  if (!run)
    return refuse(command.reply, run.error());
  with_artifacts(command.reply, [this, command, run = *run] {
    const auto now = stage_.on.now();
    auto found = follow_links(
        command.name, [&](const std::string& name) { return artifact(run, name); },
        [&](const std::vector<std::string>& names) {
          return stage_.parts.authorise_artifacts(*command.by, names);
        },
        now);
    if (!found)
      return refuse(command.reply, std::move(found).error());
    std::string url;
    if (found->record.storage == artifact_storage::s3)
      url = stage_.parts.get_url(artifact_key(state_.id, run, found->name), now + get_url_lasts);
    stage_.store().answer(
        last_commit_, command.reply,
        command.as_content ? artifact_content(*found, url) : artifact_answer(*found, url));
  });
}

const artifact_record* task_shell::artifact(run_id run, const std::string& name) const {
  const auto at = artifacts_->records.find({run, name});
  return at == artifacts_->records.end() ? nullptr : &at->second;
}

void task_shell::complete_artifact(finish_artifact& command) {
  if (postponed(command))
    return;
  with_artifacts(command.reply, [this, command] {
    refuse(command.reply, refuse_finish(command.name, artifact(command.run, command.name)));
  });
}

void task_shell::describe_artifact(get_artifact_info& command) {
  if (postponed(command))
    return;
  const auto run = run_of_artifacts(state_, command.run);
  if (!run)
    return refuse(command.reply, run.error());
  with_artifacts(command.reply, [this, command, run = *run] {
    const auto* record = artifact(run, command.name);
    if (record == nullptr)
      return refuse(command.reply, no_artifact(command.name));
    stage_.store().answer(last_commit_, command.reply,
                          answer{artifact_info(command.name, *record)});
  });
}

void task_shell::show_artifacts(list_artifacts& command) {
  if (postponed(command))
    return;
  const auto run = run_of_artifacts(state_, command.run);
  if (!run)
    return refuse(command.reply, run.error());
  with_artifacts(command.reply, [this, command, run = *run] {
    auto page =
        page_of_artifacts(artifacts_->records, run, command.after, command.limit, stage_.on.now());
    answer result{std::move(page.body) + "}"};
    if (page.more)
      result.headers.emplace_back("next-position", std::move(page.last));
    stage_.store().answer(last_commit_, command.reply, std::move(result));
  });
}

}  // namespace troupe
