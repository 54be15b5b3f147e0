#include "gateways/zeromq/replay_desk.hpp"

#include "gateways/zeromq/event_frames.hpp"
#include "messages/json_text.hpp"
#include "runtime/events/event_id.hpp"
#include "runtime/events/topic_pattern.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t most_replays = 64;
constexpr std::chrono::milliseconds stall_pause{20};
constexpr int most_stalled_rounds = 3000;  // a minute of pauses

bool wanted(const std::string& exchange, const std::optional<std::string>& pattern,
            const event& what) {
  if (!exchange.empty() && what.exchange != exchange)
    return false;
  return !pattern || binding{std::string{what.exchange}, *pattern}.matches(
                         what.exchange, what.routing_key, what.cc);
}

}  // namespace

replay_desk::replay_desk(zmq::socket_t& router, redis_endpoint log)
    : router_(router), log_(std::move(log)) {}

// -- requests -------------------------------------------------------------------------------------

void replay_desk::take_requests() {
  std::vector<zmq::message_t> frames;
  for (;;) {
    frames.clear();
    bool more = true;
    while (more) {
      auto& frame = frames.emplace_back();
      if (!router_.recv(frame, zmq::recv_flags::dontwait))
        return;
      more = frame.more();
    }
    take_request(frames);
  }
}

void replay_desk::take_request(std::vector<zmq::message_t>& frames) {
  replay job;
  job.client = frames.front().to_string();
  job.delimited = frames.size() > 1 && frames[1].size() == 0;
  const std::size_t first = job.delimited ? 2 : 1;
  const auto word = [&](std::size_t i) {
    return first + i < frames.size() ? frames[first + i].to_string_view() : std::string_view{};
  };
  if (word(0) != "REPLAY") {
    refuse(job, "a request begins with the frame REPLAY");
    return;
  }
  boost::system::error_code failed;
  const auto body = word(1).empty() ? json::value(json::object()) : json::parse(word(1), failed);
  if (failed || !body.is_object()) {
    refuse(job, "what follows REPLAY must be a JSON object, like {\"after\": \"<event id>\"}");
    return;
  }
  std::optional<std::string> after;
  for (const auto& [key, value] : body.get_object()) {
    const auto name = std::string_view{key};
    if (!value.is_string() ||
        (name != "after" && name != "fromSeq" && name != "exchange" && name != "pattern")) {
      refuse(job, "a replay takes the texts 'after', 'exchange' and 'pattern'; '" +
                      std::string{name} + "' is none of them");
      return;
    }
    const std::string text{value.get_string()};
    if (name == "exchange")
      job.exchange = text;
    else if (name == "pattern")
      job.pattern = text;
    else
      after = text;
  }
  if (after && !(job.after = parse_event_id(*after))) {
    refuse(job, "'" + *after + "' is not the id of an event, <ms>-<stream>.<n>");
    return;
  }
  if (replays_.size() >= most_replays) {
    refuse(job, "too many replays are under way; ask again in a moment");
    return;
  }
  job.position = event_log_reader::begin(job.after);
  replays_.push_back(std::move(job));
}

// -- answers --------------------------------------------------------------------------------------

std::optional<std::chrono::milliseconds> replay_desk::go_on() {
  bool moved = false;
  for (auto job = replays_.begin(); job != replays_.end();) {
    const bool waits_its_turn = std::any_of(
        replays_.begin(), job, [&](const replay& other) { return other.client == job->client; });
    if (waits_its_turn) {
      ++job;
      continue;
    }
    const auto sent_before = job->sent;
    const auto result = advance(*job);
    if (result == step::full && job->sent == sent_before)
      ++job->stalled_rounds;
    else
      job->stalled_rounds = 0;
    moved = moved || result != step::full;
    if (result == step::over || job->stalled_rounds > most_stalled_rounds)
      job = replays_.erase(job);
    else
      ++job;
  }
  if (replays_.empty()) {
    log_.rest();
    return std::nullopt;
  }
  return moved ? std::chrono::milliseconds{0} : stall_pause;
}

replay_desk::step replay_desk::advance(replay& job) {
  if (!std::exchange(job.begun, true) && job.after) {
    auto gap = log_.has_gap(*job.after);
    if (!gap)
      return refuse(job, gap.error().message);
    job.gap = *gap;
  }
  if (job.next_of_page >= job.page.size()) {
    auto more = log_.read(job.position, job.page);
    if (!more)
      return refuse(job, more.error().message);
    if (!*more)
      return finish(job);
    job.next_of_page = 0;
  }
  return send_page(job);
}

replay_desk::step replay_desk::send_page(replay& job) {
  for (; job.next_of_page < job.page.size(); ++job.next_of_page) {
    const auto what = job.page.at(job.next_of_page);
    if (!what || !wanted(job.exchange, job.pattern, *what))
      continue;
    const auto result = send(job, {"MSG", topic_frame(what->exchange, what->routing_key),
                                   meta_frame(*what, true), what->payload});
    if (result != step::more)
      return result;
    ++job.sent;
  }
  return step::more;
}

replay_desk::step replay_desk::finish(const replay& job) {
  std::string summary = "{\"events\":" + std::to_string(job.sent) +
                        ",\"gap\":" + (job.gap ? "true" : "false") + ",\"newest\":[";
  for (const auto& id : job.position.newest)
    if (id.n != 0)
      summary += (summary.back() == '[' ? "\"" : ",\"") + id.text() + '"';
  const auto result = send(job, {"END", summary + "]}"});
  return result == step::more ? step::over : result;
}

replay_desk::step replay_desk::refuse(const replay& job, std::string_view why) {
  std::string body = "{\"message\":";
  append_json_string(body, why);
  send(job, {"ERROR", body + "}"});
  return step::over;
}

replay_desk::step replay_desk::send(const replay& job,
                                    std::initializer_list<std::string_view> frames) {
  const auto flags = zmq::send_flags::dontwait;
  try {
    if (!router_.send(zmq::buffer(job.client), flags | zmq::send_flags::sndmore))
      return step::full;
    if (job.delimited)
      router_.send(zmq::message_t{}, flags | zmq::send_flags::sndmore);
    std::size_t left = frames.size();
    for (const auto frame : frames)
      router_.send(zmq::buffer(frame), --left > 0 ? flags | zmq::send_flags::sndmore : flags);
  } catch (const zmq::error_t&) {
    return step::over;  // the client has gone
  }
  return step::more;
}

}  // namespace troupe
