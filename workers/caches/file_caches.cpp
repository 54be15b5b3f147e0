#include "workers/caches/file_caches.hpp"

#include "messages/json_members.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/crypto/sha256.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/trees.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

// A file's folder holds `lock`, `data` and `about.json`; one that is being made has a hidden name.
// When a file was last used is told by the time of its folder.
constexpr const char* about_name = "/about.json";
constexpr const char* data_name = "/data";
constexpr const char* making = ".making-";
constexpr const char* gone = ".gone-";

std::string fresh_id() { return make_slugid(thread_random()); }

}  // namespace

new_file::new_file(std::string folder, descriptor lock, descriptor data)
    : folder_(std::move(folder)), lock_(std::move(lock)), data_(std::move(data)) {}

new_file::~new_file() {
  if (lock_)
    remove_entry(folder_);
}

bool new_file::add(std::string_view bytes) {
  sum_.add(bytes);
  while (!bytes.empty()) {
    const auto written = ::write(data_.get(), bytes.data(), bytes.size());
    if (written <= 0)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool new_file::start_again() {
  sum_ = running_digest{};
  return ::ftruncate(data_.get(), 0) == 0 && ::lseek(data_.get(), 0, SEEK_SET) == 0;
}

file_caches::file_caches(std::string root) : root_(std::move(root)) {
  std::error_code failed;
  fs::create_directories(root_, failed);
  for (auto at = fs::directory_iterator{root_, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed))
    if (const auto path = at->path().string(); at->path().filename().string().starts_with('.'))
      if (const auto lock = lock_entry(path))
        remove_entry(path);
}

std::string file_caches::folder_of(const std::string& key) const {
  return root_ + "/" + hex(troupe::sha256(key));
}

std::optional<cached_file> file_caches::find(const std::string& key) {
  const auto folder = folder_of(key);
  boost::system::error_code failed;
  const auto about = json::parse(small_file(folder + about_name), failed);
  cached_file found{descriptor{::open((folder + data_name).c_str(), O_RDONLY | O_CLOEXEC)}, {}};
  if (failed || !about.is_object() || !found.file || text_of(about.get_object(), "key") != key)
    return {};
  found.facts = {text_of(about.get_object(), "sha256"), text_of(about.get_object(), "entityTag"),
                 text_of(about.get_object(), "lastModified")};
  ::utimensat(AT_FDCWD, folder.c_str(), nullptr, 0);
  return found;
}

std::unique_ptr<new_file> file_caches::begin() {
  const auto id = making + fresh_id();
  auto lock = make_entry(root_, id);
  const auto folder = root_ + "/" + id;
  descriptor data{
      ::open((folder + data_name).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  if (!lock || !data)
    return nullptr;
  return std::make_unique<new_file>(folder, std::move(*lock), std::move(data));
}

outcome<cached_file> file_caches::keep(std::unique_ptr<new_file> made, const std::string& key,
                                       const file_facts& facts) {
  const auto about = json::serialize(json::object{{"key", key},
                                                  {"sha256", facts.sha256},
                                                  {"entityTag", facts.entity_tag},
                                                  {"lastModified", facts.last_modified}});
  cached_file result{descriptor{::open((made->folder_ + data_name).c_str(), O_RDONLY | O_CLOEXEC)},
                     facts};
  if (!result.file || !replace_file(made->folder_ + about_name, about))
    return make_api_error(error_code::service_unavailable,
                          std::string{"a download cannot be kept: "} + std::strerror(errno));
  drop(key);
  // Of two that come at the same time one stays; the other is read nevertheless.
  if (std::rename(made->folder_.c_str(), folder_of(key).c_str()) == 0)
    const descriptor unlocked = std::move(made->lock_);
  return result;
}

// Out of the way in one step, so that nobody finds a half of it.
void file_caches::drop(const std::string& key) {
  const auto aside = root_ + "/" + gone + fresh_id();
  if (std::rename(folder_of(key).c_str(), aside.c_str()) == 0)
    remove_entry(aside);
}

bool file_caches::drop_oldest() {
  std::error_code failed;
  fs::path oldest;
  fs::file_time_type when;
  for (auto at = fs::directory_iterator{root_, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed)) {
    if (at->path().filename().string().starts_with('.'))
      continue;
    std::error_code unknown;
    const auto time = fs::last_write_time(at->path(), unknown);
    if (!unknown && (oldest.empty() || time < when)) {
      oldest = at->path();
      when = time;
    }
  }
  if (oldest.empty())
    return false;
  const auto aside = root_ + "/" + gone + fresh_id();
  if (std::rename(oldest.c_str(), aside.c_str()) != 0)
    return false;
  remove_entry(aside);
  return true;
}

}  // namespace troupe
