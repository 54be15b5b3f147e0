// Copies of artifacts at other sites.

#include "actors/task/artifact_rules.hpp"
#include "actors/task/task_actor.hpp"
#include "messages/mirror_commands.hpp"
#include "runtime/objects/content_hashes.hpp"

namespace troupe {

namespace {

constexpr std::chrono::minutes source_lasts{30};
constexpr std::string_view public_prefix = "public/";

}  // namespace

// Answers with the URL, unless the caller is at a site that may have a copy: then the keeper of
// copies says where the caller is sent to. The wish has site, reader, and how the answer is made.
void task_shell::answer_by_copy(run_id run, const std::string& name, const artifact_record& record,
                                const std::string& url, timestamp until, find_copy wish) {
  const auto now = stage_.on.now();
  if (stage_.parts.copies == nullptr || !is_settled(state_, run, record, now))
    return stage_.store().answer(last_commit_, wish.reader, wish.form(url, until));
  const auto place = artifact_place(record, state_.id, run, name);
  if (place.bucket.empty() && place.backend_id.empty())
    wish.blob.source.local_key = place.key;
  else
    wish.blob.source.url = stage_.parts.get_url(place, now, now + source_lasts, true);
  wish.blob.name = object_name(state_.id, run, name);
  wish.blob.expires = record.expires;
  wish.blob.size = record.content_length;
  wish.blob.sha256 = hash_by(record.hashes, "sha256");
  wish.blob.open_to_all = name.starts_with(public_prefix);
  wish.canonical_url = url;
  wish.canonical_until = until;
  // Nobody is told of anything that a crash could still undo.
  stage_.store().when_safe(last_commit_, [this, self = caf::actor_cast<task_actor>(this),
                                          wish = std::move(wish)]() mutable {
    stage_.board.tell(stage_.on, std::move(wish));
  });
}

}  // namespace troupe
