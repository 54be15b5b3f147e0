#include "actors/log_stream/log_spool.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>

namespace troupe {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view done_suffix = ".done";
constexpr std::string_view keep_suffix = ".keep";

bool make_mark(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return false;
  ::close(file);
  return true;
}

bool has_mark(const fs::path& log, std::string_view suffix) {
  std::error_code ignored;
  return fs::exists(log.string() + std::string{suffix}, ignored);
}

// `<taskId>-<run>.log`
std::optional<left_spool> read_name(const fs::path& path) {
  const auto text = path.stem().string();
  const auto dash = text.rfind('-');
  if (path.extension() != ".log" || dash == std::string::npos)
    return std::nullopt;
  const auto task = task_id::parse(std::string_view{text}.substr(0, dash));
  left_spool found;
  const auto* end = text.data() + text.size();
  if (!task || std::from_chars(text.data() + dash + 1, end, found.run).ptr != end)
    return std::nullopt;
  found.task = *task;
  return found;
}

}  // namespace

std::string path_of_spool(const std::string& directory, const task_id& task, run_id run) {
  return directory + "/" + task.str() + "-" + std::to_string(run) + ".log";
}

std::shared_ptr<log_spool> log_spool::open(const std::string& directory, const task_id& task,
                                           run_id run, bool make) {
  auto path = path_of_spool(directory, task, run);
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

// In this order: a log that is to be kept and not finished is ended again, one that is finished and
// not to be kept would be lost.
bool log_spool::finish(bool to_be_kept) {
  return (!to_be_kept || make_mark(path_ + std::string{keep_suffix})) &&
         make_mark(path_ + std::string{done_suffix});
}

std::vector<left_spool> find_left_spools(const std::string& directory) {
  std::vector<left_spool> all;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator{directory, failed}) {
    auto found = read_name(entry.path());
    if (!found)
      continue;
    found->finished = has_mark(entry.path(), done_suffix);
    if (!found->finished || has_mark(entry.path(), keep_suffix))
      all.push_back(*found);
  }
  return all;
}

void forget_keeping(const std::string& directory, const task_id& task, run_id run) {
  ::unlink((path_of_spool(directory, task, run) + std::string{keep_suffix}).c_str());
}

// The marks go last: without them the rest of a log would look like one that goes on.
void remove_spool(const std::string& directory, const task_id& task, run_id run) {
  const auto path = path_of_spool(directory, task, run);
  ::unlink(path.c_str());
  for (const auto suffix : {keep_suffix, done_suffix})
    ::unlink((path + std::string{suffix}).c_str());
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
      const auto keep = path.string() + std::string{keep_suffix};
      const bool settled = fs::exists(done, ignored) && !fs::exists(keep, ignored);
      if (settled ? !is_older(done, finished_s) : !is_older(path, unfinished_s))
        continue;
      // The marks go last: without them the rest of a log would look like one that goes on.
      fs::remove(path, ignored);
      fs::remove(keep, ignored);
      fs::remove(done, ignored);
    } else if ((path.extension() == done_suffix || path.extension() == keep_suffix) &&
               is_older(path, finished_s) &&
               !fs::exists(path.parent_path() / path.stem(), ignored)) {
      fs::remove(path, ignored);
    }
  }
}

}  // namespace troupe
