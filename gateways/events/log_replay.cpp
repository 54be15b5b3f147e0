#include "gateways/events/log_replay.hpp"

#include "runtime/store/event_entry.hpp"
#include "runtime/store/lane_store.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace troupe {

namespace {

// What is asked for at once: the lane has other things to do.
constexpr int entries_per_page = 32;
constexpr std::size_t streams_per_query = 16;

}  // namespace

log_replay::log_replay(lane_store& store, listener& to, const event_id& after)
    : store_(store), to_(&to), after_(after) {}

void log_replay::start() {
  if (reading_)
    return;
  const bool again = std::any_of(streams_.begin(), streams_.end(),
                                 [](const stream_part& part) { return part.at_end; });
  for (auto& part : streams_)
    part.at_end = false;
  if (again)
    fill();
  else
    check_cut();
}

void log_replay::check_cut() {
  resp_writer query;
  for (std::uint16_t stream = 0; stream < stream_count; ++stream)
    query.command("XRANGE", event_stream_key(stream), "-", "+", "COUNT", 1);
  reading_ = true;
  store_.query(query, [self = shared_from_this()](std::vector<redis_reply>& replies) {
    self->reading_ = false;
    if (self->to_ == nullptr)
      return;
    for (std::uint16_t stream = 0; stream < stream_count; ++stream) {
      const auto& reply = replies[stream];
      const auto oldest = reply.size() == 0 ? std::nullopt : read_entry_id(*reply.at(0), stream);
      if (!oldest || !is_cut_after(*oldest, self->after_))
        continue;
      self->to_->on_cut();
      break;
    }
    self->fill();
  });
}

// Asks for more of the streams of which nothing is left to tell.
void log_replay::fill() {
  resp_writer query;
  std::vector<std::uint16_t> asked;
  for (std::uint16_t stream = 0; stream < stream_count && asked.size() < streams_per_query;
       ++stream) {
    auto& part = streams_[stream];
    if (part.at_end || !part.next.empty())
      continue;
    // The named event's own stream goes on behind it.
    const auto& from = part.read.n == 0 && stream == after_.stream ? after_ : part.read;
    const auto begin =
        from.n != 0 ? "(" + std::to_string(from.ms) + "-" + std::to_string(from.n)
                    : std::to_string(std::max<std::int64_t>(after_.ms - event_overlap_ms, 0));
    query.command("XRANGE", event_stream_key(stream), begin, "+", "COUNT", entries_per_page);
    asked.push_back(stream);
  }
  if (asked.empty())
    return tell();
  reading_ = true;
  store_.query(query, [self = shared_from_this(), asked](std::vector<redis_reply>& replies) {
    self->reading_ = false;
    if (self->to_ == nullptr)
      return;
    for (std::size_t i = 0; i < asked.size(); ++i)
      self->take(asked[i], replies[i]);
    self->fill();
  });
}

void log_replay::take(std::uint16_t stream, const redis_reply& page) {
  auto& part = streams_[stream];
  part.at_end = page.size() < entries_per_page;
  std::vector<std::string> cc;
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (const auto id = read_entry_id(*page.at(i), stream))
      part.read = *id;
    if (const auto what = read_event_entry(*page.at(i), stream, cc))
      part.next.emplace_back(*what);
  }
}

// Tells the earliest of all until that may be one which is not read yet.
void log_replay::tell() {
  const auto is_before = [](const event_id& a, const event_id& b) {
    return std::tie(a.ms, a.stream, a.n) < std::tie(b.ms, b.stream, b.n);
  };
  while (to_ != nullptr && !paused_) {
    stream_part* earliest = nullptr;
    for (auto& part : streams_) {
      if (part.next.empty() && !part.at_end)
        return fill();
      if (!part.next.empty() &&
          (earliest == nullptr || is_before(part.next.front().id, earliest->next.front().id)))
        earliest = &part;
    }
    if (earliest == nullptr)
      return to_->on_replay_end();
    const auto first = std::move(earliest->next.front());
    earliest->next.pop_front();
    earliest->told = first.id;
    paused_ = !to_->on_replayed(first.view());
  }
}

void log_replay::go_on() {
  if (std::exchange(paused_, false) && !reading_)
    tell();
}

}  // namespace troupe
