// What goes into a run and what comes out of it: mounts, artifacts, logs.

#include "runtime/clock/clock.hpp"
#include "workers/loop/json_members.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/loop/worker_caches.hpp"

#include <zlib.h>
#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

bool read_whole(const std::string& path, std::string& out) {
  std::ifstream file{path, std::ios::binary};
  if (!file)
    return false;
  std::ostringstream text;
  text << file.rdbuf();
  out = text.str();
  return true;
}

constexpr const char* log_type = "text/plain; charset=utf-8";

}  // namespace

// -- mounts ---------------------------------------------------------------------------------------

std::vector<std::string> task_run::task_scopes() const {
  std::vector<std::string> scopes;
  if (const auto* list = task_.if_contains("scopes"); list && list->is_array())
    for (const auto& scope : list->get_array())
      scopes.emplace_back(scope.as_string());
  return scopes;
}

bool task_run::has_caches() const {
  return std::any_of(payload_.mounts.begin(), payload_.mounts.end(),
                     [](const payload_mount& mount) { return !mount.cache_name.empty(); });
}

std::optional<task_run::verdict> task_run::check_scopes() {
  const auto missing = caches_.missing_scopes(needed_scopes(payload_), task_scopes());
  for (const auto& scope : missing)
    log_->note_error("The task needs the scope " + scope);
  if (missing.empty())
    return {};
  return verdict::malformed;
}

// What keeps the run from its commands.
std::optional<task_run::verdict> task_run::mount_all() {
  caches_.obey_purges(has_caches());
  if (payload_.mounts.empty())
    return {};
  mounts_ = std::make_unique<task_mounts>(
      caches_, *log_, interrupt_,
      [this](const std::string& target) { return call("GET", target, {}); }, downloads_,
      directory_);
  for (const auto& mount : payload_.mounts) {
    const auto mounted = mounts_->mount(mount);
    if (const auto because = verdict_of_interrupt())
      return because;
    if (mounted)
      continue;
    log_->note_error("[mounts] " + mounted.error().message);
    return verdict::failed;
  }
  return {};
}

// Caches outlive a task that failed, but not one that was ended from outside.
task_run::verdict task_run::unmount(verdict result) {
  if (!mounts_)
    return result;
  const auto& codes = payload_.purge_codes;
  const bool purged =
      exit_code_ && std::find(codes.begin(), codes.end(), *exit_code_) != codes.end();
  const bool ended = result == verdict::completed || result == verdict::failed ||
                     result == verdict::intermittent || result == verdict::malformed;
  const bool good = mounts_->undo(ended && !purged);
  if (purged) {
    for (const auto& mount : payload_.mounts)
      if (!mount.cache_name.empty())
        caches_.directories().purge(mount.cache_name, system_clock{}.now());
    log_->note("[mounts] The caches of this task are purged, by its exit code.");
  }
  caches_.make_room();
  return !good && result == verdict::completed ? verdict::failed : result;
}

// -- logs -----------------------------------------------------------------------------------------

call_result task_run::create_artifact(const std::string& name, const json::object& body) {
  return call("POST", target_of(claim_.run()) + "/artifacts/" + encode_segment(name),
              json::serialize(body));
}

void task_run::create_live_log() {
  json::object body;
  body["storageType"] = "reference";
  body["url"] = options_.root_url + "/api/troupe/v1/log/" + task_id_ + "/" + run_id_;
  body["contentType"] = log_type;
  body["expires"] = text_of(task_, "expires");
  create_artifact(payload_.live_log, body);
}

// The whole log becomes an artifact, and the live one a link to it. Who follows the log hears of
// its end first; if the server is away, then when it is back.
void task_run::keep_logs() {
  const bool told = log_->finish();
  const auto expires = text_of(task_, "expires");
  if (payload_.keeps_backing_log)
    store(payload_.backing_log, log_->text(), log_type, true, expires);
  if (!told)
    log_->finish();
  if (!payload_.keeps_backing_log || !payload_.keeps_live_log)
    return;
  json::object link;
  link["storageType"] = "link";
  link["artifact"] = payload_.backing_log;
  link["contentType"] = log_type;
  link["expires"] = expires;
  create_artifact(payload_.live_log, link);
}

// -- artifacts ------------------------------------------------------------------------------------

// The first that goes wrong decides what becomes of a task that is fine otherwise.
void task_run::blame(verdict because) {
  if (!artifact_trouble_)
    artifact_trouble_ = because;
}

bool task_run::is_log(const std::string& name) const {
  return name == payload_.live_log || name == payload_.backing_log;
}

// What went wrong, if anything did.
std::optional<task_run::verdict> task_run::store(const std::string& name, const std::string& bytes,
                                                 const std::string& type, bool compress,
                                                 const std::string& expires) {
  json::object body;
  body["storageType"] = "s3";
  body["contentType"] = type;
  body["expires"] = expires;
  const auto made = create_artifact(name, body);
  const auto answer = made.json();
  if (!made.good() || !answer.is_object()) {
    if (made.passing())
      return verdict::unavailable;
    // The queue refuses what is not as it was created before.
    return made.status == 409 ? verdict::malformed : verdict::internal;
  }
  const auto url = text_of(answer.get_object(), "putUrl");
  const auto sent = compress ? gzip(bytes) : bytes;
  const std::vector<std::string> headers = {
      "Content-Type: " + text_of(answer.get_object(), "contentType"),
      std::string{"Content-Encoding: "} + (compress ? "gzip" : "identity")};
  for (int i = 0; i < 6; ++i) {
    const auto put = client_.put(url, sent, headers);
    if (put.good())
      return {};
    if (!put.passing() && put.status != 400)
      break;
    interrupt_.pause(200ms * (1 << i));
  }
  return verdict::unavailable;
}

void task_run::upload_error(const payload_artifact& wanted, const char* reason,
                            const std::string& text) {
  json::object body;
  body["storageType"] = "error";
  body["reason"] = reason;
  body["message"] = text;
  body["expires"] = wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires");
  create_artifact(wanted.name, body);
  if (wanted.optional)
    return;
  log_->note_error("Artifact " + wanted.name + ": " + text);
  blame(verdict::failed);
}

void task_run::upload_one(const payload_artifact& wanted, const std::string& file,
                          const std::string& name) {
  if (is_log(name)) {
    log_->note("Artifact " + name + " is skipped: the name belongs to the log.");
    return;
  }
  std::string bytes;
  if (!read_whole(file, bytes))
    return upload_error(wanted, "file-not-readable-on-worker", file + " cannot be read");
  const auto [known, first] = uploaded_.try_emplace(name, file);
  if (!first && known->second != file) {
    log_->note_error("Artifact " + name + " is wanted of " + known->second + " and of " + file +
                     ".");
    return blame(verdict::malformed);
  }
  const auto type = wanted.content_type.empty() ? content_type_of(file) : wanted.content_type;
  const bool compress =
      wanted.content_encoding.empty() ? !is_compressed(file) : wanted.content_encoding == "gzip";
  const auto expires = wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires");
  const auto trouble = store(name, bytes, type, compress, expires);
  if (!trouble)
    return;
  log_->note_error(
      "Artifact " + name + " could not be uploaded" +
      (*trouble == verdict::malformed ? ": there is one of this name that is not the same." : "."));
  blame(*trouble);
}

void task_run::upload_wanted(const payload_artifact& wanted) {
  const auto path = fs::path{wanted.path}.is_absolute()
                        ? fs::path{wanted.path}
                        : fs::path{directory_} / "work" / wanted.path;
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (is_log(wanted.name) && !wanted.directory) {
    log_->note("Artifact " + wanted.name + " is skipped: the name belongs to the log.");
  } else if (!fs::exists(status)) {
    upload_error(wanted, "file-missing-on-worker", wanted.path + " does not exist");
  } else if (wanted.directory ? !fs::is_directory(status) : !fs::is_regular_file(status)) {
    upload_error(wanted, "invalid-resource-on-worker",
                 wanted.path + (wanted.directory ? " is no directory" : " is no file"));
  } else if (!wanted.directory) {
    upload_one(wanted, path.lexically_normal().string(), wanted.name);
  } else {
    for (const auto& entry : fs::recursive_directory_iterator{path, failed})
      if (entry.is_regular_file(failed))
        upload_one(wanted, entry.path().lexically_normal().string(),
                   wanted.name + "/" + fs::relative(entry.path(), path).string());
  }
}

void task_run::upload_artifacts() {
  for (const auto& wanted : payload_.artifacts)
    upload_wanted(wanted);
}

}  // namespace troupe
