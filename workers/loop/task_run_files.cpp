// What goes into a run and what comes out of it: mounts, artifacts, logs.

#include "messages/json_text.hpp"
#include "runtime/clock/clock.hpp"
#include "workers/loop/json_members.hpp"
#include "workers/loop/queue_calls.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"

#include <zlib.h>
#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

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

bool write_whole(const fs::path& path, const std::string& bytes) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  std::ofstream file{path, std::ios::binary};
  file << bytes;
  return static_cast<bool>(file);
}

constexpr const char* log_type = "text/plain; charset=utf-8";

}  // namespace

bool task_run::mount_files(std::string& problem) {
  for (const auto& mount : payload_.mounts) {
    std::string bytes;
    if (mount.raw) {
      bytes = *mount.raw;
    } else {
      auto url = mount.url;
      if (url.empty()) {
        const auto where = call(
            "GET",
            "/api/queue/v1/task/" + mount.task_id + "/artifacts/" + encode_segment(mount.artifact),
            {});
        const auto answer = where.json();
        if (!where.good() || !answer.is_object()) {
          problem = "[mounts] artifact " + mount.artifact + " of task " + mount.task_id +
                    " cannot be had: " + std::to_string(where.status) + " " + where.body;
          return false;
        }
        url = text_of(answer.get_object(), "url");
      }
      auto got = client_.get(url);
      if (!got.good()) {
        problem =
            "[mounts] " + url + " cannot be had: " + std::to_string(got.status) + " " + got.trouble;
        return false;
      }
      bytes = std::move(got.body);
    }
    if (!write_whole(fs::path{directory_} / "work" / mount.file, bytes)) {
      problem = "[mounts] cannot write " + mount.file;
      return false;
    }
  }
  return true;
}

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
  store(payload_.backing_log, log_->text(), log_type, true, expires);
  if (!told)
    log_->finish();
  json::object link;
  link["storageType"] = "link";
  link["artifact"] = payload_.backing_log;
  link["contentType"] = log_type;
  link["expires"] = expires;
  create_artifact(payload_.live_log, link);
}

bool task_run::store(const std::string& name, const std::string& bytes, const std::string& type,
                     bool compress, const std::string& expires) {
  json::object body;
  body["storageType"] = "s3";
  body["contentType"] = type;
  body["expires"] = expires;
  const auto made = create_artifact(name, body);
  const auto answer = made.json();
  if (!made.good() || !answer.is_object())
    return false;
  const auto url = text_of(answer.get_object(), "putUrl");
  const auto sent = compress ? gzip(bytes) : bytes;
  const std::vector<std::string> headers = {
      "Content-Type: " + text_of(answer.get_object(), "contentType"),
      std::string{"Content-Encoding: "} + (compress ? "gzip" : "identity")};
  for (int i = 0; i < 6; ++i) {
    const auto put = client_.put(url, sent, headers);
    if (put.good())
      return true;
    if (!put.passing() && put.status != 400)
      return false;
    std::this_thread::sleep_for(200ms * (1 << i));
  }
  return false;
}

bool task_run::upload_error(const payload_artifact& wanted, const char* reason,
                            const std::string& text) {
  json::object body;
  body["storageType"] = "error";
  body["reason"] = reason;
  body["message"] = text;
  body["expires"] = wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires");
  create_artifact(wanted.name, body);
  if (wanted.optional)
    return true;
  log_->note_error("Artifact " + wanted.name + ": " + text);
  return false;
}

bool task_run::upload_one(const payload_artifact& wanted, const std::string& file,
                          const std::string& name) {
  if (name == payload_.live_log || name == payload_.backing_log) {
    log_->note("Artifact " + name + " is skipped: the name belongs to the log.");
    return true;
  }
  std::string bytes;
  if (!read_whole(file, bytes))
    return upload_error(wanted, "file-not-readable-on-worker", file + " cannot be read");
  const auto type = wanted.content_type.empty() ? content_type_of(file) : wanted.content_type;
  const bool compress =
      wanted.content_encoding.empty() ? !is_compressed(file) : wanted.content_encoding == "gzip";
  const auto expires = wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires");
  if (store(name, bytes, type, compress, expires))
    return true;
  log_->note_error("Artifact " + name + " could not be uploaded.");
  return false;
}

bool task_run::upload_artifacts() {
  bool good = true;
  for (const auto& wanted : payload_.artifacts) {
    const auto path = fs::path{wanted.path}.is_absolute()
                          ? fs::path{wanted.path}
                          : fs::path{directory_} / "work" / wanted.path;
    std::error_code failed;
    const auto status = fs::status(path, failed);
    if (!fs::exists(status)) {
      good =
          upload_error(wanted, "file-missing-on-worker", wanted.path + " does not exist") && good;
    } else if (fs::is_directory(status) != wanted.directory) {
      good = upload_error(wanted, "invalid-resource-on-worker",
                          wanted.path + (wanted.directory ? " is no directory" : " is no file")) &&
             good;
    } else if (!wanted.directory) {
      good = upload_one(wanted, path.string(), wanted.name) && good;
    } else {
      for (const auto& entry : fs::recursive_directory_iterator{path, failed})
        if (entry.is_regular_file(failed))
          good = upload_one(wanted, entry.path().string(),
                            wanted.name + "/" + fs::relative(entry.path(), path).string()) &&
                 good;
    }
  }
  return good;
}

}  // namespace troupe
