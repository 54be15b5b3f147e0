#include "workers/caches/directory_caches.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/trees.hpp"

#include <boost/json.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

namespace troupe {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

// What a copy's folder holds: `lock`, `about.json`, and while it is in no task `tree`.
constexpr const char* about_name = "/about.json";
constexpr const char* tree_name = "/tree";
constexpr const char* purged_name = "/purged";

struct copy {
  std::string folder;
  std::string name;
  timestamp created;
  timestamp used;
};

timestamp now() { return system_clock{}.now(); }

api_error problem(const std::string& what) {
  return make_api_error(error_code::service_unavailable, what);
}

std::string text_about(const std::string& name, timestamp created, timestamp used) {
  return json::serialize(json::object{{"name", name}, {"created", created.ms}, {"used", used.ms}});
}

std::optional<copy> read_about(const std::string& folder) {
  boost::system::error_code failed;
  const auto value = json::parse(small_file(folder + about_name), failed);
  if (failed || !value.is_object())
    return {};
  const auto& about = value.get_object();
  const auto* name = about.if_contains("name");
  const auto* created = about.if_contains("created");
  const auto* used = about.if_contains("used");
  if (name == nullptr || !name->is_string() || created == nullptr || !created->is_int64() ||
      used == nullptr || !used->is_int64())
    return {};
  return copy{folder, std::string{name->get_string()}, timestamp{created->get_int64()},
              timestamp{used->get_int64()}};
}

// Those that are being made or were not quite removed have hidden names, and are left out.
std::vector<std::string> folders_of(const std::string& root, bool also_hidden = false) {
  std::vector<std::string> result;
  std::error_code failed;
  for (auto at = fs::directory_iterator{root, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed))
    if (also_hidden || !at->path().filename().string().starts_with('.'))
      result.push_back(at->path().string());
  return result;
}

// The last used first.
std::vector<copy> copies_of(const std::string& root) {
  std::vector<copy> result;
  for (const auto& folder : folders_of(root))
    if (auto found = read_about(folder))
      result.push_back(std::move(*found));
  std::sort(result.begin(), result.end(),
            [](const copy& a, const copy& b) { return a.used > b.used; });
  return result;
}

}  // namespace

held_cache::~held_cache() {
  if (!lock_)
    return;
  remove_tree(place_);
  remove_entry(folder_);
}

outcome<void> held_cache::give_back() {
  if (!is_real_directory(place_))
    return problem("the cache '" + name_ + "' is no longer a directory where it was mounted");
  if (is_there(folder_ + purged_name)) {
    const descriptor done = std::move(lock_);
    remove_tree(place_);
    remove_entry(folder_);
    return boost::system::in_place_value;
  }
  // A directory that nobody may write to cannot be moved.
  std::error_code ignored;
  fs::permissions(place_, fs::perms::owner_all, fs::perm_options::add, ignored);
  if (!replace_file(folder_ + about_name, text_about(name_, created_, now())) ||
      std::rename(place_.c_str(), (folder_ + tree_name).c_str()) != 0)
    return problem("the cache '" + name_ + "' cannot be kept: " + std::strerror(errno));
  const descriptor done = std::move(lock_);
  return boost::system::in_place_value;
}

directory_caches::directory_caches(std::string root) : root_(std::move(root)) {
  std::error_code failed;
  fs::create_directories(root_, failed);
  for (const auto& folder : folders_of(root_, true))
    if (const auto lock = lock_entry(folder); lock && !is_real_directory(folder + tree_name))
      remove_entry(folder);
}

outcome<std::unique_ptr<held_cache>> directory_caches::take(const std::string& name,
                                                            const std::string& place) {
  const std::lock_guard lock{guard_};
  for (const auto& found : copies_of(root_)) {
    if (found.name != name)
      continue;
    auto held = lock_entry(found.folder);
    if (!held)
      continue;
    if (is_there(found.folder + purged_name) || !is_real_directory(found.folder + tree_name)) {
      remove_entry(found.folder);
      continue;
    }
    if (std::rename((found.folder + tree_name).c_str(), place.c_str()) != 0)
      return problem("the cache '" + name + "' cannot be mounted: " + std::strerror(errno));
    return std::make_unique<held_cache>(name, found.folder, place, found.created, std::move(*held));
  }
  return std::unique_ptr<held_cache>{};
}

outcome<std::unique_ptr<held_cache>> directory_caches::make(const std::string& name,
                                                            const std::string& place) {
  const auto id = make_slugid(thread_random());
  auto held = make_entry(root_, id);
  const auto folder = root_ + "/" + id;
  const auto created = now();
  std::error_code failed;
  if (!held || !replace_file(folder + about_name, text_about(name, created, created)) ||
      !fs::create_directory(place, failed))
    return problem("the cache '" + name + "' cannot be made at " + place + ": " +
                   (failed ? failed.message() : std::strerror(errno)));
  return std::make_unique<held_cache>(name, folder, place, created, std::move(*held));
}

std::size_t directory_caches::purge(const std::string& name, timestamp before) {
  const std::lock_guard lock{guard_};
  std::size_t count = 0;
  for (const auto& found : copies_of(root_)) {
    if (found.name != name || found.created >= before)
      continue;
    ++count;
    if (const auto held = lock_entry(found.folder))
      remove_entry(found.folder);
    else
      std::ofstream{found.folder + purged_name};
  }
  return count;
}

bool directory_caches::drop_oldest() {
  const std::lock_guard lock{guard_};
  const auto copies = copies_of(root_);
  for (auto at = copies.rbegin(); at != copies.rend(); ++at)
    if (const auto held = lock_entry(at->folder)) {
      remove_entry(at->folder);
      return true;
    }
  return false;
}

}  // namespace troupe
