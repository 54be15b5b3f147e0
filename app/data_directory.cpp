#include "app/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

namespace troupe {

namespace fs = std::filesystem;

namespace {

api_error trouble(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

}  // namespace

outcome<data_directory> data_directory::open(const std::string& path) {
  data_directory result;
  std::error_code failed;
  if (path.empty()) {
    auto pattern = (fs::temp_directory_path(failed) / "troupe-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      return trouble("cannot make a temporary data directory " + pattern + ": " +
                     std::strerror(errno) + "; name one with --data DIR");
    result.path_ = pattern;
    result.temporary_ = true;
  } else {
    fs::create_directories(path, failed);
    const auto absolute = fs::absolute(path, failed);
    result.path_ = absolute.lexically_normal().string();
    while (result.path_.size() > 1 && result.path_.back() == '/')
      result.path_.pop_back();
  }
  result.lock_ = ::open(result.file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (result.lock_ < 0)
    return trouble("cannot write to the data directory " + result.path_ + ": " +
                   std::strerror(errno) + "; name a writable one with --data DIR");
  if (flock(result.lock_, LOCK_EX | LOCK_NB) != 0)
    return trouble("the data directory " + result.path_ +
                   " is used by another troupe; stop that one first, or name another directory "
                   "with --data DIR");
  return result;
}

data_directory::data_directory(data_directory&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, false)),
      lock_(std::exchange(other.lock_, -1)) {
  other.path_.clear();
}

data_directory& data_directory::operator=(data_directory&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(temporary_, other.temporary_);
  std::swap(lock_, other.lock_);
  return *this;
}

data_directory::~data_directory() {
  if (temporary_ && !path_.empty()) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  if (lock_ >= 0)
    ::close(lock_);
}

outcome<void> write_file(const std::string& path, const std::string& text, unsigned mode) {
  const auto draft = path + ".new";
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0)
    return trouble("cannot write " + path + ": " + std::strerror(errno));
  const bool written =
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  ::close(file);
  if (!written || ::rename(draft.c_str(), path.c_str()) != 0)
    return trouble("cannot write " + path + ": " + std::strerror(errno));
  return boost::system::in_place_value;
}

std::string read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return file ? text.str() : std::string{};
}

std::string runtime_directory() {
  std::error_code failed;
  std::vector<std::string> places;
  if (const char* given = std::getenv("XDG_RUNTIME_DIR"); given != nullptr && *given != '\0')
    places.push_back(std::string{given} + "/troupe");
  else
    places.emplace_back("/run/troupe");
  places.push_back(
      (fs::temp_directory_path(failed) / ("troupe-" + std::to_string(::getuid()))).string());
  for (const auto& place : places) {
    fs::create_directories(place, failed);
    ::chmod(place.c_str(), 0700);
    if (::access(place.c_str(), W_OK | X_OK) == 0)
      return place;
  }
  return places.back();
}

}  // namespace troupe
