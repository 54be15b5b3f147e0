#include "workers/loop/live_log.hpp"

#include "runtime/clock/clock.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_at_once = 512 * 1024;
constexpr auto answer_time = 10s;
constexpr std::chrono::milliseconds first_pause = 100ms;
constexpr std::chrono::milliseconds longest_pause = 2s;

}  // namespace

live_log::live_log(std::string root_url, std::string file, const run_address& run,
                   std::function<credentials()> by, std::uint64_t most)
    : target_("/api/troupe/v1/log/" + run.task.str() + "/" + std::to_string(run.run)),
      by_(std::move(by)),
      file_(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
      most_(most),
      left_(most),
      client_(std::move(root_url), &dropped_),
      pause_(first_pause) {
  thread_ = std::thread{[this] { send_as_it_grows(); }};
}

live_log::~live_log() {
  {
    const std::lock_guard lock{guard_};
    dropped_ = true;
    changed_.notify_all();
  }
  client_.wake();
  thread_.join();
  if (file_ >= 0)
    ::close(file_);
}

void live_log::write(std::string_view bytes) {
  if (cut_)
    return;
  if (bytes.size() <= left_) {
    append(bytes);
    left_ -= bytes.size();
    return;
  }
  append(bytes.substr(0, static_cast<std::size_t>(left_)));
  append("\n");
  cut_ = true;
  note_warning("The task has written more than " + std::to_string(most_) +
               " bytes, which is as much as this worker keeps of a log. The task goes on; what it "
               "writes from here on is not kept.");
}

// What the disk does not take is missing, and the log says where, as soon as it takes something.
void live_log::append(std::string_view bytes) {
  if (missing_ > 0) {
    const auto gap = "\n[taskcluster:error] Here " + std::to_string(missing_) +
                     " bytes are missing, which the worker could not write to its disk: " +
                     std::strerror(why_missing_) + ".\n";
    missing_ = store(gap) == gap.size() ? 0 : missing_ + bytes.size();
    if (missing_ > 0)
      return;
  }
  missing_ = bytes.size() - store(bytes);
}

std::size_t live_log::store(std::string_view bytes) {
  const auto begin = size();
  std::size_t stored = 0;
  while (stored < bytes.size()) {
    const auto n = ::pwrite(file_, bytes.data() + stored, bytes.size() - stored,
                            static_cast<off_t>(begin + stored));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      why_missing_ = n == 0 ? ENOSPC : errno;
      break;
    }
    stored += static_cast<std::size_t>(n);
  }
  const std::lock_guard lock{guard_};
  size_ += stored;
  changed_.notify_all();
  return stored;
}

void live_log::note(std::string_view text) {
  append("[taskcluster " + to_iso(system_clock{}.now()) + "] " + std::string{text} + "\n");
}

void live_log::note_error(std::string_view text) {
  append("[taskcluster:error] " + std::string{text} + "\n");
}

void live_log::note_warning(std::string_view text) {
  append("[taskcluster:warn " + to_iso(system_clock{}.now()) + "] " + std::string{text} + "\n");
}

std::uint64_t live_log::size() const {
  const std::lock_guard lock{guard_};
  return size_;
}

bool live_log::finish() {
  std::unique_lock lock{guard_};
  state_ = sending::finish_wanted;
  changed_.notify_all();
  changed_.wait(lock, [this] { return state_ != sending::finish_wanted; });
  return state_ == sending::finished;
}

// -- on the thread --------------------------------------------------------------------------------

void live_log::send_as_it_grows() {
  for (;;) {
    bool to_finish = false;
    {
      std::unique_lock lock{guard_};
      changed_.wait(
          lock, [this] { return dropped_ || state_ == sending::finish_wanted || size_ > sent_; });
      if (dropped_)
        return;
      to_finish = state_ == sending::finish_wanted;
    }
    const bool good = send_rest() && (!to_finish || tell_end());
    std::unique_lock lock{guard_};
    if (to_finish) {
      state_ = good ? sending::finished : sending::failed;
      changed_.notify_all();
    }
    if (good) {
      pause_ = first_pause;
      continue;
    }
    // What was refused for good is offered again only when there is more.
    const auto was = size_;
    const auto wanted = [&] { return dropped_ || state_ == sending::finish_wanted; };
    changed_.wait_for(lock, pause_, wanted);
    pause_ = std::min(pause_ * 2, longest_pause);
    if (refused_)
      changed_.wait(lock, [&] { return wanted() || size_ > was; });
  }
}

bool live_log::send_rest() {
  for (auto size = this->size(); sent_ < size && !dropped_; size = this->size()) {
    std::string piece(static_cast<std::size_t>(std::min(size - sent_, most_at_once)), '\0');
    const auto got = ::pread(file_, piece.data(), piece.size(), static_cast<off_t>(sent_));
    if (got <= 0)
      return false;
    piece.resize(static_cast<std::size_t>(got));
    const auto result = client_.call(by_(), "PUT", target_ + "?offset=" + std::to_string(sent_),
                                     piece, "application/octet-stream", answer_time);
    const auto answer = result.json();
    const auto* offset = answer.is_object() ? answer.get_object().if_contains("offset") : nullptr;
    refused_ = !result.passing();
    if ((result.status != 200 && result.status != 409) || offset == nullptr || !offset->is_number())
      return false;
    const auto stands = std::min(offset->to_number<std::uint64_t>(), size);
    if (stands == sent_)
      return false;  // it took nothing
    sent_ = stands;
  }
  return true;
}

bool live_log::tell_end() {
  return client_.call(by_(), "POST", target_ + "/finish", {}, {}, answer_time).good();
}

}  // namespace troupe
