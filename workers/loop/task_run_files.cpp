// What comes out of a run: artifacts and logs.

#include "messages/json_members.hpp"
#include "workers/files/content_type.hpp"
#include "workers/files/gzip_file.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/trees.hpp"
#include "workers/loop/certificate.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/resource_monitor.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"
#include "workers/shells/shell_host.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

using namespace std::chrono_literals;

constexpr const char* log_type = "text/plain; charset=utf-8";

// A file that is open and was a plain one then; a pipe in its place would not be waited for.
std::optional<std::uint64_t> size_of_plain(int file) {
  struct stat found;
  if (::fstat(file, &found) != 0 || !S_ISREG(found.st_mode))
    return {};
  return static_cast<std::uint64_t>(found.st_size);
}

}  // namespace

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
    store({payload_.backing_log, log_->file(), log_->size(), log_type, true, expires});
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

bool task_run::is_reserved(const std::string& name) const {
  if (name == payload_.live_log || name == payload_.backing_log)
    return true;
  if (payload_.interactive && name == shell_artifact)
    return true;
  return payload_.chain_of_trust && is_of_chain_of_trust(name);
}

// What went wrong, if anything did. Packed before the queue is asked where to, because what it
// answers does not hold for ever.
std::optional<task_run::verdict> task_run::store(const outgoing& sends) {
  const auto packed_path = directory_ + "/packed";
  descriptor packed;
  auto file = sends.file;
  auto size = sends.size;
  if (sends.compress) {
    if (!gzip_file(sends.file, sends.size, packed_path))
      return verdict::unavailable;
    packed = descriptor{::open(packed_path.c_str(), O_RDONLY | O_CLOEXEC)};
    ::unlink(packed_path.c_str());
    file = packed.get();
    size = size_of_plain(file).value_or(0);
  }
  json::object body;
  body["storageType"] = "s3";
  body["contentType"] = sends.type;
  body["expires"] = sends.expires;
  const auto made = create_artifact(sends.name, body);
  const auto answer = made.json();
  if (!made.good() || !answer.is_object()) {
    if (made.passing())
      return verdict::unavailable;
    // The queue refuses what is not as it was created before.
    return made.status == 409 ? verdict::malformed : verdict::internal;
  }
  const auto url = text_of(answer.get_object(), "putUrl");
  const std::vector<std::string> headers = {
      "Content-Type: " + text_of(answer.get_object(), "contentType"),
      std::string{"Content-Encoding: "} + (sends.compress ? "gzip" : "identity")};
  for (int i = 0; i < 6; ++i) {
    const auto put = client_.put_file(url, file, size, headers);
    if (put.good())
      return {};
    if (!put.passing() && put.status != 400)
      break;
    interrupt_.pause(200ms * (1 << i));
  }
  return verdict::unavailable;
}

void task_run::upload_error(const payload_artifact& wanted, const std::string& name,
                            const char* reason, const std::string& text) {
  if (is_reserved(name))
    return skip(name);
  json::object body;
  body["storageType"] = "error";
  body["reason"] = reason;
  body["message"] = text;
  body["expires"] = wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires");
  create_artifact(name, body);
  if (wanted.optional)
    return;
  log_->note_error("Artifact " + name + ": " + text);
  blame(verdict::failed);
}

void task_run::skip(const std::string& name) {
  log_->note_warning("Artifact " + name + " is skipped: the worker itself uses the name.");
}

void task_run::upload_one(const payload_artifact& wanted, const std::string& path,
                          const std::string& name) {
  if (is_reserved(name))
    return skip(name);
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  const auto size = file ? size_of_plain(file.get()) : std::nullopt;
  if (!size)
    return upload_error(wanted, name, "file-not-readable-on-worker", path + " cannot be read");
  const auto [known, first] = uploaded_.try_emplace(name, artifact_record{path, {}});
  if (!first && known->second.path != path) {
    log_->note_error("Artifact " + name + " is wanted of " + known->second.path + " and of " +
                     path + ".");
    return blame(verdict::malformed);
  }
  const auto trouble = store(
      {name, file.get(), *size,
       wanted.content_type.empty() ? content_type_of(path) : wanted.content_type,
       wanted.content_encoding.empty() ? !is_compressed(path) : wanted.content_encoding == "gzip",
       wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires")});
  if (!trouble && payload_.chain_of_trust)
    known->second.sha256 = sha256_of_file(file.get(), *size);
  if (!trouble)
    return;
  log_->note_error(
      "Artifact " + name + " could not be uploaded" +
      (*trouble == verdict::malformed ? ": there is one of this name that is not the same." : "."));
  blame(*trouble);
}

void task_run::upload_directory(const payload_artifact& wanted, const std::string& directory) {
  walk_tree(directory, [&](const std::string& below, tree_leaf leaf) {
    const auto path = directory + "/" + below;
    const auto name = (fs::path{wanted.name} / below).lexically_normal().generic_string();
    switch (leaf) {
      case tree_leaf::file:
        return upload_one(wanted, path, name);
      case tree_leaf::missing:
        return upload_error(wanted, name, "file-missing-on-worker", path + " does not exist");
      case tree_leaf::special:
        return upload_error(wanted, name, "invalid-resource-on-worker", path + " is no file");
      case tree_leaf::closed:
        return upload_error(wanted, name, "file-not-readable-on-worker", path + " cannot be read");
    }
  });
}

void task_run::upload_wanted(const payload_artifact& wanted) {
  const auto path =
      (fs::path{wanted.path}.is_absolute() ? fs::path{wanted.path}
                                           : fs::path{directory_} / "work" / wanted.path)
          .lexically_normal();
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (is_reserved(wanted.name) && !wanted.directory)
    return skip(wanted.name);
  if (!fs::exists(status))
    return upload_error(wanted, wanted.name, "file-missing-on-worker",
                        wanted.path + " does not exist");
  if (wanted.directory ? !fs::is_directory(status) : !fs::is_regular_file(status))
    return upload_error(wanted, wanted.name, "invalid-resource-on-worker",
                        wanted.path + (wanted.directory ? " is no directory" : " is no file"));
  if (!wanted.directory)
    return upload_one(wanted, path.string(), wanted.name);
  // `d/` is named as `d`.
  upload_directory(wanted, path.has_filename() ? path.string() : path.parent_path().string());
}

void task_run::upload_artifacts() {
  for (const auto& wanted : payload_.artifacts)
    upload_wanted(wanted);
  if (payload_.chain_of_trust)
    certify();
}

}  // namespace troupe
