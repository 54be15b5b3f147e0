#include "gateways/zeromq/event_log_reader.hpp"

#include "runtime/store/event_entry.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>

namespace troupe {

namespace {

constexpr std::size_t entries_per_page = 512;
constexpr timeval patience{3, 0};

// The id of the first entry of a reply to XRANGE or XREVRANGE.
std::optional<event_id> first_id(const redis_reply& reply, std::uint16_t stream) {
  return reply.size() == 0 ? std::nullopt : read_entry_id(*reply.at(0), stream);
}

}  // namespace

// -- pages ----------------------------------------------------------------------------------------

std::optional<event> event_page::at(std::size_t index) {
  return read_event_entry(*reply_.at(index), stream_, cc_);
}

// -- the connection -------------------------------------------------------------------------------

event_log_reader::event_log_reader(redis_endpoint where) : where_(std::move(where)) {}
event_log_reader::~event_log_reader() = default;

void event_log_reader::ender::operator()(redisContext* context) const { redisFree(context); }

bool event_log_reader::connect() {
  context_.reset(where_.unix_path.empty()
                     ? redisConnectWithTimeout(where_.host.c_str(), where_.port, patience)
                     : redisConnectUnixWithTimeout(where_.unix_path.c_str(), patience));
  if (!context_ || context_->err != 0) {
    context_.reset();
    return false;
  }
  redisSetTimeout(context_.get(), patience);
  auto accepts = [this](const char* format, auto... values) {
    const redis_reply reply{
        static_cast<redisReply*>(redisCommand(context_.get(), format, values...))};
    if (reply.get() != nullptr && !reply.is_error())
      return true;
    context_.reset();
    return false;
  };
  if (!where_.password.empty() &&
      !(where_.username.empty()
            ? accepts("AUTH %s", where_.password.c_str())
            : accepts("AUTH %s %s", where_.username.c_str(), where_.password.c_str())))
    return false;
  return where_.database == 0 || accepts("SELECT %d", where_.database);
}

api_error event_log_reader::away(std::string_view why) const {
  auto text = "the event log in Redis at " + where_.describe() + " cannot be read now";
  if (!why.empty())
    text += " (" + std::string{why} + ")";
  return make_api_error(error_code::service_unavailable, text + "; ask again in a moment");
}

outcome<redis_reply> event_log_reader::ask(const std::vector<std::string>& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const auto& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  // A connection that has rested may be gone without our knowing, so a second one is tried.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!context_ && !connect())
      return away({});
    redis_reply reply{static_cast<redisReply*>(redisCommandArgv(
        context_.get(), static_cast<int>(words.size()), words.data(), sizes.data()))};
    if (reply.get() != nullptr && !reply.is_error())
      return reply;
    if (reply.get() != nullptr)
      return away(reply.text());
    context_.reset();
  }
  return away({});
}

// -- reading --------------------------------------------------------------------------------------

log_position event_log_reader::begin(const std::optional<event_id>& after) {
  log_position position;
  position.from_ms = after ? std::max<std::int64_t>(after->ms - event_overlap_ms, 0) : 0;
  return position;
}

outcome<bool> event_log_reader::has_gap(const event_id& after) {
  for (std::uint16_t stream = 0; stream < stream_count; ++stream) {
    TROUPE_TRY(auto reply, ask({"XRANGE", event_stream_key(stream), "-", "+", "COUNT", "1"}));
    const auto oldest = first_id(reply, stream);
    if (oldest && is_cut_after(*oldest, after))
      return true;
  }
  return false;
}

outcome<bool> event_log_reader::read(log_position& position, event_page& page) {
  page.reply_ = {};
  if (position.stream >= stream_count)
    return false;
  const auto from = position.next.empty() ? std::to_string(position.from_ms) : position.next;
  TROUPE_TRY(page.reply_, ask({"XRANGE", event_stream_key(position.stream), from, "+", "COUNT",
                               std::to_string(entries_per_page)}));
  page.stream_ = position.stream;
  if (page.size() > 0) {
    auto& newest = position.newest[position.stream];
    if (const auto last = read_entry_id(*page.reply_.at(page.size() - 1), position.stream))
      newest = *last;
    position.next = "(" + std::to_string(newest.ms) + "-" + std::to_string(newest.n);
  }
  if (page.size() < entries_per_page) {
    ++position.stream;
    position.next.clear();
  }
  return true;
}

outcome<std::vector<event_id>> event_log_reader::newest() {
  std::vector<event_id> found;
  for (std::uint16_t stream = 0; stream < stream_count; ++stream) {
    TROUPE_TRY(auto reply, ask({"XREVRANGE", event_stream_key(stream), "+", "-", "COUNT", "1"}));
    if (const auto id = first_id(reply, stream))
      found.push_back(*id);
  }
  return found;
}

}  // namespace troupe
