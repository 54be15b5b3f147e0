#include "workers/loop/task_mounts.hpp"

#include "messages/json_members.hpp"
#include "runtime/queue_client/queue_client.hpp"
#include "workers/files/copying.hpp"
#include "workers/files/trees.hpp"
#include "workers/files/unpacking.hpp"
#include "workers/loop/live_log.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/worker_caches.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace troupe {

namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr int most_attempts = 7;
constexpr auto first_pause = 200ms;

api_error problem(const std::string& what) { return make_api_error(error_code::input_error, what); }

std::string why(const call_result& answer) {
  return std::to_string(answer.status) + " " +
         (answer.trouble.empty() ? answer.body.substr(0, 300) : answer.trouble);
}

std::string place_of(const payload_mount& mount) {
  return mount.file.empty() ? mount.directory : mount.file;
}

bool lies_within(const fs::path& path, const fs::path& directory) {
  const auto relative = path.lexically_relative(directory);
  return !relative.empty() && *relative.begin() != "..";
}

// Nothing may be in the way of a cache but an empty directory, as another mount may leave it.
bool clear_for_cache(const std::string& place) {
  return !is_there(place) || (is_real_directory(place) && ::rmdir(place.c_str()) == 0);
}

}  // namespace

task_mounts::task_mounts(worker_caches& caches, live_log& log, const run_interrupt& interrupt,
                         get_call call, queue_client& downloads, std::string directory)
    : caches_(caches),
      log_(log),
      interrupt_(interrupt),
      call_(std::move(call)),
      downloads_(downloads),
      directory_(std::move(directory)) {}

task_mounts::~task_mounts() { undo(false); }

outcome<void> task_mounts::mount(const payload_mount& mount) {
  if (interrupt_.told())
    return problem("was given up");
  auto result = !mount.file.empty()        ? put_file(mount)
                : mount.cache_name.empty() ? put_directory(mount)
                                           : put_cache(mount);
  if (!result)
    return problem(place_of(mount) + ": " + result.error().message);
  return result;
}

bool task_mounts::undo(bool keep_caches) {
  bool good = true;
  while (!held_.empty()) {
    const auto held = std::move(held_.back());
    held_.pop_back();
    if (!keep_caches)
      continue;
    if (const auto kept = held->give_back(); !kept) {
      log_.note_error("[mounts] " + kept.error().message);
      good = false;
    }
  }
  return good;
}

void task_mounts::note(const std::string& text) { log_.note("[mounts] " + text); }

// -- the places -----------------------------------------------------------------------------------

// Where a mount goes. An archive that was mounted before may have brought symbolic links: nothing
// is put where they lead to.
outcome<std::string> task_mounts::make_place(const std::string& path) {
  TROUPE_TRY(const auto within, path_within(path));
  std::error_code failed;
  const auto work = fs::canonical(directory_ + "/work", failed);
  const auto parent = fs::weakly_canonical((work / within).parent_path(), failed);
  if (failed || !lies_within(parent, work))
    return problem("lies beyond a symbolic link");
  fs::create_directories(parent, failed);
  if (failed)
    return problem("cannot be made: " + failed.message());
  return (parent / fs::path{within}.filename()).string();
}

outcome<void> task_mounts::put_file(const payload_mount& mount) {
  TROUPE_TRY(const auto place, make_place(mount.file));
  TROUPE_TRY(const auto from, fetch(mount.content));
  // One from an earlier task may be there, in a cache.
  if (!is_real_directory(place))
    ::unlink(place.c_str());
  if (mount.format.empty())
    return copy_file(from.path, place, interrupt_.told());
  return unpack_file(from.path, mount.format, place, interrupt_.told());
}

outcome<void> task_mounts::put_directory(const payload_mount& mount) {
  TROUPE_TRY(const auto place, make_place(mount.directory));
  std::error_code failed;
  if (is_there(place) ? !is_real_directory(place) : !fs::create_directory(place, failed))
    return problem("is there and no directory");
  return unpack(mount, place);
}

outcome<void> task_mounts::unpack(const payload_mount& mount, const std::string& place) {
  TROUPE_TRY(const auto from, fetch(mount.content));
  if (auto result = unpack_archive(from.path, mount.format, place, interrupt_.told()); !result)
    return problem("as " + mount.format + ": " + result.error().message);
  return boost::system::in_place_value;
}

outcome<void> task_mounts::put_cache(const payload_mount& mount) {
  const auto& name = mount.cache_name;
  TROUPE_TRY(const auto place, make_place(mount.directory));
  if (!clear_for_cache(place))
    return problem("there is something in its place");
  TROUPE_TRY(auto held, caches_.directories().take(name, place));
  if (held) {
    note("The cache '" + name + "' of " + to_iso(held->created()) + " is mounted at " +
         mount.directory + ".");
    held_.push_back(std::move(held));
    return boost::system::in_place_value;
  }
  TROUPE_TRY(auto made, caches_.directories().make(name, place));
  if (mount.content.given())
    TROUPE_CHECK(unpack(mount, place));
  note("A new cache '" + name + "' is mounted at " + mount.directory + ".");
  held_.push_back(std::move(made));
  return boost::system::in_place_value;
}

// -- the contents ---------------------------------------------------------------------------------

outcome<fetched_file> task_mounts::fetch(const mount_content& content) {
  if (content.text)
    return write_text(*content.text);
  if (!content.url.empty())
    return fetch_url("url " + content.url, content.url, !content.sha256.empty(), content.sha256);
  if (!content.task_id.empty())
    return fetch_artifact(content.task_id, content);
  const auto found = call_("/api/index/v1/task/" + encode_segment(content.index_path));
  const auto answer = found.json();
  if (!found.good() || !answer.is_object())
    return problem("the index has no task at " + content.index_path + ": " + why(found));
  return fetch_artifact(text_of(answer.get_object(), "taskId"), content);
}

// The queue is always asked: whether the task may read the artifact, and which run's it is now.
outcome<fetched_file> task_mounts::fetch_artifact(const std::string& of_task,
                                                  const mount_content& content) {
  const auto where = call_("/api/queue/v1/task/" + encode_segment(of_task) + "/artifacts/" +
                           encode_segment(content.artifact));
  const auto answer = where.json();
  if (!where.good() || !answer.is_object())
    return problem("the artifact " + content.artifact + " of task " + of_task +
                   " cannot be had: " + why(where));
  const auto url = text_of(answer.get_object(), "url");
  const auto key = "artifact " + of_task + " " + content.artifact + " " +
                   url.substr(0, std::min(url.find('?'), url.size()));
  return fetch_url(key, url, true, content.sha256);
}

outcome<fetched_file> task_mounts::fetch_url(const std::string& key, const std::string& url,
                                             bool never_changes, const std::string& sha256) {
  auto known = caches_.files().find(key);
  if (known && !sha256.empty() && known->facts.sha256 != sha256)
    known.reset();
  cached_file kept;
  if (known && never_changes) {
    kept = std::move(*known);
  } else {
    TROUPE_TRY(kept, download(key, url, sha256, std::move(known)));
  }
  auto path = kept.path();
  return fetched_file{std::move(kept.file), std::move(path), kept.facts.sha256};
}

outcome<cached_file> task_mounts::download(const std::string& key, const std::string& url,
                                           const std::string& sha256,
                                           std::optional<cached_file> known) {
  caches_.make_room();
  auto made = caches_.files().begin();
  if (!made)
    return problem(std::string{"a download cannot be kept: "} + std::strerror(errno));
  call_result got;
  for (int i = 0; i < most_attempts && !interrupt_.told(); ++i) {
    if (i > 0)
      interrupt_.pause(first_pause * (1 << (i - 1)));
    file_version version;
    if (known)
      version = {known->facts.entity_tag, known->facts.last_modified};
    bool writable = made->start_again();
    got = downloads_.download(
        url, [&](std::string_view bytes) { return writable = made->add(bytes); }, version);
    if (got.status == 304 && known)
      return std::move(*known);
    if (!writable)
      return problem(url + " cannot be kept: " + std::strerror(errno));
    if (got.status == 200) {
      const auto sum = made->sha256();
      if (!sha256.empty() && sum != sha256)
        return problem("the SHA-256 of " + url + " is " + sum + ", not " + sha256);
      return caches_.files().keep(std::move(made), key,
                                  {sum, version.entity_tag, version.last_modified});
    }
    if (!got.passing())
      break;
  }
  return problem(url + " cannot be had: " + why(got));
}

outcome<fetched_file> task_mounts::write_text(const std::string& text) {
  fetched_file result;
  result.path = directory_ + "/content";
  std::ofstream file{result.path, std::ios::binary | std::ios::trunc};
  file << text;
  if (!file.flush())
    return problem("cannot be written");
  return result;
}

}  // namespace troupe
