#include "workers/engines/device_shelf.hpp"

#include "runtime/files/descriptor.hpp"
#include "workers/engines/engine.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

namespace troupe {

namespace fs = std::filesystem;

// What is there, and who waits for some of it: each by a counter that becomes readable.
struct device_shelf::shelf {
  std::mutex guard;
  std::vector<std::string> video;
  std::vector<std::vector<std::string>> audio;
  std::set<int> waiting;
  device_wish kinds;
};

namespace {

bool is_character_device(const fs::path& path) {
  struct stat found;
  return ::stat(path.c_str(), &found) == 0 && S_ISCHR(found.st_mode);
}

std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    if (end > at)
      parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

api_error no_device(const std::string& flag, const std::string& path) {
  return make_api_error(
      error_code::input_error,
      flag + ": '" + path +
          "' must be the absolute path of a character device that is there, or of a directory of "
          "some; is the module of the system loaded that makes it (v4l2loopback, snd-aloop)?");
}

void wake(const std::set<int>& counters) {
  const std::uint64_t one = 1;
  for (const int counter : counters)
    [[maybe_unused]] const auto told = ::write(counter, &one, sizeof one);
}

}  // namespace

bool is_device(const std::string& path) {
  if (!path.starts_with('/'))
    return false;
  std::error_code failed;
  if (!fs::is_directory(path, failed))
    return is_character_device(path);
  for (auto at = fs::directory_iterator{path, failed}; !failed && at != fs::directory_iterator{};
       at.increment(failed))
    if (is_character_device(at->path()))
      return true;
  return false;
}

device_shelf::device_shelf() : shelf_(std::make_shared<shelf>()) {}

outcome<std::shared_ptr<device_shelf>> device_shelf::open(const std::vector<std::string>& video,
                                                          const std::vector<std::string>& audio) {
  auto made = std::make_shared<device_shelf>();
  auto& there = *made->shelf_;
  for (const auto& path : video)
    if (!path.starts_with('/') || !is_character_device(path))
      return no_device("--loopback-video", path);
  for (const auto& text : audio) {
    there.audio.push_back(parts_of(text));
    for (const auto& path : there.audio.back())
      if (!is_device(path))
        return no_device("--loopback-audio", path);
    if (there.audio.back().empty())
      return no_device("--loopback-audio", text);
  }
  there.video = video;
  there.kinds = {!there.video.empty(), !there.audio.empty()};
  return made;
}

device_wish device_shelf::kinds() const { return shelf_->kinds; }

// All or nothing: who had one and waited for the other could wait for somebody who does the same.
std::optional<device_shelf::loan> device_shelf::take(const device_wish& wish) const {
  auto& there = *shelf_;
  if ((wish.video && there.video.empty()) || (wish.audio && there.audio.empty()))
    return {};
  loan made{shelf_};
  if (wish.video) {
    made.video_ = there.video.front();
    there.video.erase(there.video.begin());
  }
  if (wish.audio) {
    made.audio_ = there.audio.front();
    there.audio.erase(there.audio.begin());
  }
  return made;
}

std::optional<device_shelf::loan> device_shelf::lend(const device_wish& wish,
                                                     run_desk& desk) const {
  const descriptor counter{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  for (bool first = true;; first = false) {
    {
      const std::lock_guard lock{shelf_->guard};
      if (auto made = take(wish)) {
        shelf_->waiting.erase(counter.get());
        return made;
      }
      shelf_->waiting.insert(counter.get());
    }
    if (first)
      desk.note("Other tasks have the loopback devices of this worker; waiting for one.");
    desk.stands_in_line(true);
    pollfd waits[2] = {{counter.get(), POLLIN, 0}, {desk.interruption(), POLLIN, 0}};
    ::poll(waits, 2, -1);
    std::uint64_t told = 0;
    [[maybe_unused]] const auto taken = ::read(counter.get(), &told, sizeof told);
    desk.stands_in_line(false);
    if (desk.interrupted()) {
      const std::lock_guard lock{shelf_->guard};
      shelf_->waiting.erase(counter.get());
      return {};
    }
  }
}

device_shelf::loan::~loan() {
  if (!from_)
    return;
  const std::lock_guard lock{from_->guard};
  if (!video_.empty())
    from_->video.push_back(std::move(video_));
  if (!audio_.empty())
    from_->audio.push_back(std::move(audio_));
  wake(from_->waiting);
}

device_shelf::loan& device_shelf::loan::operator=(loan&& other) noexcept {
  std::swap(from_, other.from_);
  std::swap(video_, other.video_);
  std::swap(audio_, other.audio_);
  return *this;
}

std::vector<std::string> device_shelf::loan::paths() const {
  auto all = audio_;
  if (!video_.empty())
    all.push_back(video_);
  return all;
}

}  // namespace troupe
