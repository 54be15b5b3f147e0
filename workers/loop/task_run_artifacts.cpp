// The artifacts of a run: what the payload wants, found on the disk and uploaded.

#include "messages/json_members.hpp"
#include "runtime/log/log.hpp"
#include "workers/files/content_type.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/trees.hpp"
#include "workers/loop/certificate.hpp"
#include "workers/loop/resource_monitor.hpp"
#include "workers/loop/run_interrupt.hpp"
#include "workers/loop/task_mounts.hpp"
#include "workers/loop/task_proxy.hpp"
#include "workers/loop/task_run.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <system_error>
#include <thread>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

// So many artifacts of a run are uploaded at the same time.
constexpr std::size_t uploads_at_once = 4;

}  // namespace

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

// Remembers what is to be done; the first file of a name counts.
void task_run::want_upload(const payload_artifact& wanted, const std::string& path,
                           const std::string& name) {
  if (is_reserved(name))
    return skip(name);
  const auto [known, first] = uploaded_.try_emplace(name, artifact_record{path, {}});
  if (first)
    return wanted_uploads_.push_back({wanted_upload::kind::file, &wanted, path, name});
  if (known->second.path == path)
    return wanted_uploads_.push_back({wanted_upload::kind::again, &wanted, path, name});
  wanted_uploads_.push_back(
      {wanted_upload::kind::clash, &wanted, path, name, "",
       "Artifact " + name + " is wanted of " + known->second.path + " and of " + path + "."});
}

void task_run::want_error(const payload_artifact& wanted, const std::string& name,
                          const char* reason, std::string text) {
  wanted_uploads_.push_back(
      {wanted_upload::kind::error, &wanted, {}, name, reason, std::move(text)});
}

// The file is opened when its turn has come, as there may be more than can be open at once.
task_run::upload_end task_run::upload_file(const wanted_upload& one, queue_client& by,
                                           const std::string& room) const {
  const auto& wanted = *one.wanted;
  upload_end end;
  const descriptor file{::open(one.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  const auto size = file ? size_of_plain(file.get()) : std::nullopt;
  end.unreadable = !size;
  if (!size)
    return end;
  const bool packs = wanted.content_encoding.empty() ? !is_compressed(one.path)
                                                     : wanted.content_encoding == "gzip";
  end.trouble =
      store_by(by,
               {one.name, file.get(), *size,
                wanted.content_type.empty() ? content_type_of(one.path) : wanted.content_type,
                packs, wanted.expires ? to_iso(*wanted.expires) : text_of(task_, "expires")},
               room);
  if (!end.trouble && payload_.chain_of_trust)
    end.sha256 = sha256_of_file(file.get(), *size);
  return end;
}

// Files several at a time, each thread with a connection of its own; what became of them is told,
// and all else is done, in the order of the payload. Without more threads this one does it alone.
void task_run::upload_files() {
  std::vector<upload_end> ends(wanted_uploads_.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&](queue_client& by, const std::string& room) {
    for (auto i = next++; i < ends.size(); i = next++) {
      if (wanted_uploads_[i].what != wanted_upload::kind::file)
        continue;
      try {
        ends[i] = upload_file(wanted_uploads_[i], by, room);
      } catch (const std::exception& unforeseen) {
        log_message(severity::error, "an upload failed: " + std::string{unforeseen.what()});
        ends[i].trouble = verdict::unavailable;
      }
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(uploads_at_once, ends.size()); ++i) {
    try {
      others.emplace_back([this, &work, i] {
        queue_client own{options_.root_url};
        work(own, "packed" + std::to_string(i));
      });
    } catch (const std::system_error&) {
      break;
    }
  }
  work(client_, "packed");
  others.clear();  // waits for them
  for (std::size_t i = 0; i < ends.size(); ++i)
    take_upload(wanted_uploads_[i], std::move(ends[i]));
  wanted_uploads_.clear();
}

void task_run::take_upload(const wanted_upload& one, upload_end end) {
  switch (one.what) {
    case wanted_upload::kind::error:
      return upload_error(*one.wanted, one.name, one.reason, one.text);
    case wanted_upload::kind::clash:
      log_->note_error(one.text);
      return blame(verdict::malformed);
    case wanted_upload::kind::again:
      end = upload_file(one, client_, "packed");
      break;
    case wanted_upload::kind::file:
      break;
  }
  if (end.unreadable) {
    uploaded_.erase(one.name);
    return upload_error(*one.wanted, one.name, "file-not-readable-on-worker",
                        one.path + " cannot be read");
  }
  uploaded_[one.name] = {one.path, end.sha256};
  if (!end.trouble)
    return;
  log_->note_error("Artifact " + one.name + " could not be uploaded" +
                   (*end.trouble == verdict::malformed
                        ? ": there is one of this name that is not the same."
                        : "."));
  blame(*end.trouble);
}

void task_run::upload_directory(const payload_artifact& wanted, const std::string& directory) {
  walk_tree(directory, [&](const std::string& below, tree_leaf leaf) {
    const auto path = directory + "/" + below;
    const auto name = (fs::path{wanted.name} / below).lexically_normal().generic_string();
    switch (leaf) {
      case tree_leaf::file:
        return want_upload(wanted, path, name);
      case tree_leaf::missing:
        return want_error(wanted, name, "file-missing-on-worker", path + " does not exist");
      case tree_leaf::special:
        return want_error(wanted, name, "invalid-resource-on-worker", path + " is no file");
      case tree_leaf::closed:
        return want_error(wanted, name, "file-not-readable-on-worker", path + " cannot be read");
    }
  });
}

void task_run::upload_wanted(const payload_artifact& wanted) {
  const fs::path found = execution_->path_of(wanted);
  const auto path =
      (found.is_absolute() ? found : fs::path{directory_} / "work" / found).lexically_normal();
  std::error_code failed;
  const auto status = fs::status(path, failed);
  if (is_reserved(wanted.name) && !wanted.directory)
    return skip(wanted.name);
  if (!fs::exists(status))
    return want_error(wanted, wanted.name, "file-missing-on-worker",
                      wanted.path + " does not exist");
  if (wanted.directory ? !fs::is_directory(status) : !fs::is_regular_file(status))
    return want_error(wanted, wanted.name, "invalid-resource-on-worker",
                      wanted.path + (wanted.directory ? " is no directory" : " is no file"));
  if (!wanted.directory)
    return want_upload(wanted, path.string(), wanted.name);
  // `d/` is named as `d`.
  upload_directory(wanted, path.has_filename() ? path.string() : path.parent_path().string());
}

void task_run::upload_artifacts() {
  if (prepared_)
    execution_->gather(*desk_);
  for (const auto& wanted : payload_.artifacts)
    upload_wanted(wanted);
  upload_files();
  if (payload_.chain_of_trust)
    certify();
}

}  // namespace troupe
