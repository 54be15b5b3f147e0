#include "actors/log_stream/log_spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>

namespace troupe {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view done_suffix = ".done";

}  // namespace

std::shared_ptr<log_spool> log_spool::open(const std::string& directory, const task_id& task,
                                           run_id run, bool make) {
  auto path = directory + "/" + task.str() + "-" + std::to_string(run) + ".log";
  if (make) {
    std::error_code ignored;
    fs::create_directories(directory, ignored);
  }
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
  if (file < 0)
    return nullptr;
  std::shared_ptr<log_spool> spool{new log_spool{file, std::move(path)}};
  spool->inspect();
  return spool;
}

log_spool::~log_spool() { ::close(file_); }

void log_spool::inspect() {
  struct stat about {};
  if (::fstat(file_, &about) == 0)
    opened_size_ = static_cast<std::uint64_t>(about.st_size);
  opened_finished_ = ::access((path_ + std::string{done_suffix}).c_str(), F_OK) == 0;
  if (opened_finished_)
    return;
  const auto sound = size_without_torn_tail(opened_size_);
  if (sound < opened_size_ && ::ftruncate(file_, static_cast<off_t>(sound)) == 0)
    opened_size_ = sound;
}

// After a loss of power a file may be as long as it was and hold zeros where bytes did not reach
// the disk. A log that really ends in zeros loses them, and its worker sends them again.
std::uint64_t log_spool::size_without_torn_tail(std::uint64_t size) const {
  while (size > 0) {
    const auto length = std::min<std::uint64_t>(size, 64 * 1024);
    const auto block = read(size - length, length);
    const auto last = block.find_last_not_of('\0');
    if (last != std::string::npos)
      return size - length + last + 1;
    if (block.size() < length)
      return size;
    size -= length;
  }
  return 0;
}

bool log_spool::write(std::uint64_t offset, const std::vector<log_bytes>& pieces) {
  for (const auto& piece : pieces) {
    std::string_view rest{*piece};
    while (!rest.empty()) {
      const auto written = ::pwrite(file_, rest.data(), rest.size(), static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return false;
      rest.remove_prefix(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
  }
  return true;
}

std::string log_spool::read(std::uint64_t offset, std::uint64_t length) const {
  std::string out(static_cast<std::size_t>(length), '\0');
  std::size_t filled = 0;
  while (filled < out.size()) {
    const auto got = ::pread(file_, out.data() + filled, out.size() - filled,
                             static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    filled += static_cast<std::size_t>(got);
  }
  out.resize(filled);
  return out;
}

std::uint64_t log_spool::find_tail(tail_search search) const {
  const auto furthest = search.offset - std::min(search.offset, longest_tail_bytes);
  while (search.offset > furthest) {
    const auto length = std::min(search.offset - furthest, log_piece_bytes);
    const auto text = read(search.offset - length, length);
    if (text.size() < length || search_back(search, text))
      break;
  }
  return search.offset;
}

bool log_spool::finish() {
  const auto mark = path_ + std::string{done_suffix};
  const int file = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  ::close(file);
  return true;
}

void remove_old_spools(const std::string& directory, std::int64_t unfinished_s,
                       std::int64_t finished_s) {
  std::error_code failed;
  const auto now = fs::file_time_type::clock::now();
  const auto is_older = [now](const fs::path& path, std::int64_t seconds) {
    std::error_code gone;
    const auto written = fs::last_write_time(path, gone);
    return !gone && written < now - std::chrono::seconds{seconds};
  };
  for (const auto& entry : fs::directory_iterator{directory, failed}) {
    const auto& path = entry.path();
    std::error_code ignored;
    if (path.extension() == ".log") {
      const auto done = path.string() + std::string{done_suffix};
      if (fs::exists(done, ignored) ? !is_older(done, finished_s) : !is_older(path, unfinished_s))
        continue;
      // The mark goes last: without it the rest of a log would look like one that goes on.
      fs::remove(path, ignored);
      fs::remove(done, ignored);
    } else if (path.extension() == done_suffix && is_older(path, finished_s) &&
               !fs::exists(path.parent_path() / path.stem(), ignored)) {
      fs::remove(path, ignored);
    }
  }
}

}  // namespace troupe
