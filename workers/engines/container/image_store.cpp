#include "workers/engines/container/image_store.hpp"

#include "runtime/clock/clock.hpp"
#include "runtime/clock/random.hpp"
#include "runtime/log/log.hpp"
#include "workers/caches/entry_lock.hpp"
#include "workers/files/copying.hpp"
#include "workers/files/running_digest.hpp"
#include "workers/files/trees.hpp"
#include "workers/files/unpacking.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <vector>

namespace troupe {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

using namespace std::chrono_literals;

constexpr int most_pulls = 5;
constexpr auto first_pull_pause = 15s;
constexpr auto pull_limit = 30min;
constexpr auto load_limit = 30min;
constexpr auto question_limit = 60s;
constexpr auto unused_limit = 2h;

api_error problem(const std::string& text) { return make_api_error(error_code::input_error, text); }

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// An id is what podman prints, with or without what it is a sum of.
std::string plain_id(std::string text) {
  text = first_line(text);
  if (text.starts_with("sha256:"))
    text.erase(0, 7);
  const bool good =
      text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  return good ? text : std::string{};
}

// What the registry says will not change by asking again.
bool is_final(const std::string& trouble) {
  for (const auto* text :
       {"manifest unknown", "unauthorized", "denied", "not found", "name unknown",
        "invalid reference", "does not exist", "authentication required"})
    if (trouble.find(text) != std::string::npos)
      return true;
  return false;
}

std::uint64_t free_space(const std::string& path) {
  struct statvfs found;
  if (::statvfs(path.c_str(), &found) != 0)
    return UINT64_MAX;
  return static_cast<std::uint64_t>(found.f_bavail) * found.f_frsize;
}

void wait(const run_desk& desk, std::chrono::milliseconds time) {
  pollfd told{desk.interruption(), POLLIN, 0};
  ::poll(&told, 1, static_cast<int>(time.count()));
}

double random_share() {
  constexpr double all = 18446744073709551616.0;  // 2^64
  return static_cast<double>(thread_random().next()) / all;
}

// Another program opens what is open here.
std::string path_for_others(const std::string& path) {
  constexpr std::string_view own = "/proc/self/";
  return path.starts_with(own)
             ? "/proc/" + std::to_string(::getpid()) + "/" + path.substr(own.size())
             : path;
}

// It may be large, so it is known by where it is and when it was written, not by its content.
outcome<fetched_file> file_of_machine(const std::string& path) {
  struct stat found;
  if (::stat(path.c_str(), &found) != 0)
    return problem(path + ": " + std::strerror(errno));
  running_digest sum;
  sum.add(path + " " + std::to_string(found.st_ino) + " " + std::to_string(found.st_size) + " " +
          std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec));
  return fetched_file{{}, path, sum.hex()};
}

}  // namespace

bool has_credentials(const std::string& auth_file, const std::string& whole_name) {
  if (auth_file.empty())
    return false;
  boost::system::error_code failed;
  const auto value = json::parse(small_file(auth_file), failed);
  const auto* auths =
      !failed && value.is_object() ? value.get_object().if_contains("auths") : nullptr;
  if (auths == nullptr || !auths->is_object())
    return false;
  return std::any_of(
      auths->get_object().begin(), auths->get_object().end(), [&](const auto& member) {
        const std::string key{member.key()};
        return whole_name.starts_with(key) &&
               (whole_name.size() == key.size() ||
                std::string_view{"/:@"}.find(whole_name[key.size()]) != std::string_view::npos);
      });
}

std::chrono::milliseconds pause_before_pull(int attempts, double chance) {
  const std::chrono::milliseconds middle = first_pull_pause * (1 << (attempts - 1));
  return std::chrono::milliseconds{
      static_cast<std::int64_t>(static_cast<double>(middle.count()) * (0.75 + chance / 2))};
}

image_store::image_store(const podman& program, std::string directory)
    : program_(program), directory_(std::move(directory)) {
  std::error_code failed;
  fs::create_directories(directory_ + "/used", failed);
  fs::create_directories(directory_ + "/known", failed);
}

// -- what is known --------------------------------------------------------------------------------

// Who uses an image shares the lock of its file; who removes it has the lock alone.
bool image_store::use(const std::string& id, held_image& out) {
  const auto path = directory_ + "/used/" + id;
  descriptor file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (!file || ::flock(file.get(), LOCK_SH) != 0)
    return false;
  struct stat found;
  if (::fstat(file.get(), &found) != 0 || found.st_nlink == 0)
    return false;
  ::futimens(file.get(), nullptr);
  out.id = id;
  out.use = std::move(file);
  return true;
}

bool image_store::use_known(const std::string& key, held_image& out) {
  const auto id = plain_id(small_file(directory_ + "/known/" + key));
  if (id.empty() || !use(id, out))
    return false;
  // Somebody may have cleaned up by hand.
  if (program_.call({"image", "exists", id}, question_limit).good())
    return true;
  ::unlink((directory_ + "/used/" + id).c_str());
  out.use = {};
  return false;
}

// An image without a name goes with the last that was made from it.
outcome<void> image_store::keep(const std::string& key, const std::string& id) {
  const auto named = program_.call({"tag", id, "localhost/troupe/kept:" + id}, question_limit);
  if (!named.good())
    return problem(named.trouble());
  const descriptor made{
      ::open((directory_ + "/used/" + id).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!key.empty())
    replace_file(directory_ + "/known/" + key, id);
  return boost::system::in_place_value;
}

// Of this worker's runs, and of other workers that share the directory.
bool image_store::wait_for_turn(std::unique_lock<std::timed_mutex>& lock, const run_desk& desk) {
  while (!desk.interrupted())
    if (lock.try_lock_for(200ms))
      return true;
  return false;
}

// -- pull and load --------------------------------------------------------------------------------

std::optional<run_verdict> image_store::get(const container_image& image,
                                            const std::string& scratch, run_desk& desk,
                                            held_image& out) {
  return image.is_pulled() ? pull(image, desk, out) : load(image, scratch, desk, out);
}

// A tag may be another image each time, so the registry is asked; what it has not changed is not
// sent again. A digest names one image for ever.
std::optional<run_verdict> image_store::pull(const container_image& image, run_desk& desk,
                                             held_image& out) {
  const auto digest = image.name.find("@sha256:");
  const auto key = digest == std::string::npos ? std::string{} : image.name.substr(digest + 8);
  if (!key.empty() && use_known(key, out))
    return {};
  desk.note("Pulling the image " + image.name);
  for (int attempt = 1;; ++attempt) {
    bool for_good = false;
    const auto id = pull_once(image.name, desk, for_good);
    if (id && keep(key, *id) && use(*id, out))
      return {};
    if (desk.interrupted())
      return run_verdict::unavailable;
    const auto why = id ? std::string{"it was removed at once"} : id.error().message;
    if (for_good || attempt == most_pulls) {
      desk.note_error("The image " + image.name + " cannot be pulled: " + why);
      return run_verdict::unavailable;
    }
    const auto pause = pause_before_pull(attempt, random_share());
    desk.note_warning("The image " + image.name + " could not be pulled: " + why +
                      "; it is tried again in " + std::to_string(pause.count() / 1000) + " s");
    wait(desk, pause);
  }
}

outcome<std::string> image_store::pull_once(const std::string& name, run_desk& desk,
                                            bool& for_good) {
  std::unique_lock lock{turn_, std::defer_lock};
  if (!wait_for_turn(lock, desk))
    return problem("was given up");
  std::vector<std::string> words = {"pull", "-q"};
  if (const auto& auth = program_.options().registry_auth; !auth.empty())
    words.push_back("--authfile=" + auth);
  words.push_back(name);
  const auto answer = program_.call(words, pull_limit, desk.interruption());
  for_good = is_final(answer.error);
  const auto id = plain_id(answer.text);
  if (!answer.good() || id.empty())
    return problem(answer.trouble());
  return id;
}

std::optional<run_verdict> image_store::load(const container_image& image,
                                             const std::string& scratch, run_desk& desk,
                                             held_image& out) {
  auto file = image.file.empty() ? desk.fetch(image.content) : file_of_machine(image.file);
  if (!file) {
    desk.note_error("The image cannot be had: " + file.error().message);
    return run_verdict::unavailable;
  }
  if (file->sha256.empty())
    file->sha256 = sha256_of_file(file->path);
  if (image.file.empty())
    out.artifact_sha256 = file->sha256;
  if (use_known(file->sha256, out))
    return {};
  std::unique_lock lock{turn_, std::defer_lock};
  if (!wait_for_turn(lock, desk))
    return run_verdict::unavailable;
  // Another run may have loaded it meanwhile.
  if (use_known(file->sha256, out))
    return {};
  desk.note("Loading the image " + image.archive());
  const auto id = load_file(*file, image.format, scratch, desk);
  if (id && keep(file->sha256, *id) && use(*id, out))
    return {};
  desk.note_error("The image " + image.archive() + " cannot be loaded: " +
                  (id ? std::string{"it was removed at once"} : id.error().message));
  return run_verdict::unavailable;
}

outcome<std::string> image_store::load_file(const fetched_file& file, const std::string& format,
                                            const std::string& scratch, run_desk& desk) {
  auto path = path_for_others(file.path);
  const bool unpacked = !format.empty();
  // A podman that is in a namespace of users may not open what another process has open.
  const bool copied = !unpacked && path != file.path && program_.is_rootless();
  if (unpacked || copied)
    path = scratch + "/image.tar";
  if (unpacked)
    TROUPE_CHECK(unpack_file(file.path, format, path, desk.interrupted()));
  if (copied)
    TROUPE_CHECK(copy_file(file.path, path, desk.interrupted()));
  const auto answer = program_.call({"load", "-q", "-i", path}, load_limit, desk.interruption());
  if (unpacked || copied)
    ::unlink(path.c_str());
  if (!answer.good())
    return problem(answer.trouble());
  // "Loaded image: NAME", where older ones say "Loaded image(s)"; the last of several counts.
  auto name = answer.text;
  while (!name.empty() && name.back() == '\n')
    name.pop_back();
  name = name.substr(name.find_last_of(" \n,") + 1);
  const auto found = program_.call({"image", "inspect", "--format={{.Id}}", name}, question_limit,
                                   desk.interruption());
  const auto id = plain_id(found.text);
  if (!found.good() || id.empty())
    return problem(found.trouble());
  return id;
}

// -- removal --------------------------------------------------------------------------------------

// False when somebody uses it. Who wants it meanwhile waits, and finds it gone.
bool image_store::drop(const std::string& id) {
  const auto path = directory_ + "/used/" + id;
  const descriptor file{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
  if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
    return false;
  const auto answer = program_.call({"rmi", "-f", id}, question_limit);
  if (!answer.good()) {
    log_message(severity::warning,
                "the image " + id + " could not be removed: " + answer.trouble());
    ::futimens(file.get(), nullptr);
    return false;
  }
  ::unlink(path.c_str());
  std::error_code failed;
  for (auto at = fs::directory_iterator{directory_ + "/known", failed};
       !failed && at != fs::directory_iterator{}; at.increment(failed))
    if (plain_id(small_file(at->path().string())) == id)
      ::unlink(at->path().c_str());
  return true;
}

void image_store::sweep() {
  std::unique_lock lock{turn_, std::defer_lock};
  if (!lock.try_lock())
    return;  // something is being loaded; another time
  std::vector<std::pair<fs::file_time_type, std::string>> all;
  std::error_code failed;
  for (auto at = fs::directory_iterator{directory_ + "/used", failed};
       !failed && at != fs::directory_iterator{}; at.increment(failed)) {
    std::error_code gone;
    const auto used = fs::last_write_time(at->path(), gone);
    if (!gone)
      all.emplace_back(used, at->path().filename().string());
  }
  std::sort(all.begin(), all.end());
  const auto old = fs::file_time_type::clock::now() - unused_limit;
  for (const auto& [used, id] : all) {
    if (used > old && free_space(directory_) >= program_.options().min_free_bytes)
      return;
    drop(id);
  }
}

}  // namespace troupe
