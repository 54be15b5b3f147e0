#include "workers/loop/live_log.hpp"

#include "runtime/clock/clock.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <algorithm>

namespace troupe {

namespace {
constexpr std::uint64_t most_at_once = 512 * 1024;
}

live_log::live_log(queue_client& client, std::string file, std::string task, std::string run)
    : client_(client), path_(std::move(file)), task_(std::move(task)), run_(std::move(run)) {
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

live_log::~live_log() {
  if (file_ >= 0)
    ::close(file_);
}

void live_log::write(std::string_view bytes) {
  const auto written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
  if (written > 0)
    size_ += static_cast<std::uint64_t>(written);
}

void live_log::note(std::string_view text) {
  write("[taskcluster " + to_iso(system_clock{}.now()) + "] " + std::string{text} + "\n");
}

void live_log::note_error(std::string_view text) {
  write("[taskcluster:error] " + std::string{text} + "\n");
}

std::string live_log::target() const { return "/api/troupe/v1/log/" + task_ + "/" + run_; }

bool live_log::send(const credentials& by) {
  for (int repeats = 0; sent_ < size_ && repeats < 1000; ++repeats) {
    std::string piece(static_cast<std::size_t>(std::min(size_ - sent_, most_at_once)), '\0');
    const auto got = ::pread(file_, piece.data(), piece.size(), static_cast<off_t>(sent_));
    if (got <= 0)
      return false;
    piece.resize(static_cast<std::size_t>(got));
    const auto result = client_.call(by, "PUT", target() + "?offset=" + std::to_string(sent_),
                                     piece, "application/octet-stream", std::chrono::seconds{10});
    const auto answer = result.json();
    const auto* offset = answer.is_object() ? answer.get_object().if_contains("offset") : nullptr;
    if ((result.status != 200 && result.status != 409) || offset == nullptr || !offset->is_number())
      return false;
    sent_ = std::min(offset->to_number<std::uint64_t>(), size_);
  }
  return sent_ >= size_;
}

void live_log::finish(const credentials& by) {
  client_.call(by, "POST", target() + "/finish", {}, {}, std::chrono::seconds{10});
}

std::string live_log::text() const {
  std::string all(static_cast<std::size_t>(size_), '\0');
  const auto got = ::pread(file_, all.data(), all.size(), 0);
  all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return all;
}

}  // namespace troupe
