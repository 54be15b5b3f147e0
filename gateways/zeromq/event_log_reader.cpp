#include "gateways/zeromq/event_log_reader.hpp"

#include "runtime/events/key_list.hpp"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>

namespace troupe {

namespace {

constexpr std::int64_t overlap_ms = 2000;
constexpr std::size_t entries_per_page = 512;
constexpr timeval patience{3, 0};

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty();
}

bool read_stream_id(std::string_view text, event_id& id) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos && read_number(text.substr(0, dash), id.ms) &&
         read_number(text.substr(dash + 1), id.n);
}

// The id of the first entry of a reply to XRANGE or XREVRANGE.
std::optional<event_id> first_id(const redis_reply& reply, std::uint16_t shard) {
  event_id id;
  id.shard = shard;
  if (reply.size() == 0 || reply.at(0)->type != REDIS_REPLY_ARRAY || reply.at(0)->elements == 0 ||
      !read_stream_id(text_of(reply.at(0)->element[0]), id))
    return std::nullopt;
  return id;
}

std::string stream_of(std::uint16_t shard) {
  return std::string{shard_key_prefix(shard)} + "events";
}

}  // namespace

// -- pages ----------------------------------------------------------------------------------------

std::optional<event> event_page::at(std::size_t index) {
  const auto& entry = *reply_.at(index);
  event what;
  what.id.shard = shard_;
  cc_.clear();
  if (entry.type != REDIS_REPLY_ARRAY || entry.elements != 2 ||
      entry.element[1]->type != REDIS_REPLY_ARRAY ||
      !read_stream_id(text_of(entry.element[0]), what.id))
    return std::nullopt;
  const auto& fields = *entry.element[1];
  for (std::size_t i = 0; i + 1 < fields.elements; i += 2) {
    const auto name = text_of(fields.element[i]);
    const auto value = text_of(fields.element[i + 1]);
    if (name == "x")
      what.exchange = value;
    else if (name == "k")
      what.routing_key = value;
    else if (name == "p")
      what.payload = value;
    else if (name == "c")
      split_keys(value, cc_);
    else if (name == "t")
      read_number(value, what.time.ms);
  }
  what.cc = cc_;
  return what;
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
  position.from_ms = after ? std::max<std::int64_t>(after->ms - overlap_ms, 0) : 0;
  return position;
}

outcome<bool> event_log_reader::has_gap(const event_id& after) {
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    TROUPE_TRY(auto reply, ask({"XRANGE", stream_of(shard), "-", "+", "COUNT", "1"}));
    const auto oldest = first_id(reply, shard);
    // Numbered from 1, so a log that begins with another one was cut.
    if (!oldest || oldest->n <= 1 || (shard == after.shard && oldest->n <= after.n + 1))
      continue;
    if (oldest->ms > after.ms - overlap_ms)
      return true;
  }
  return false;
}

outcome<bool> event_log_reader::read(log_position& position, event_page& page) {
  page.reply_ = {};
  if (position.shard >= shard_count)
    return false;
  const auto from = position.next.empty() ? std::to_string(position.from_ms) : position.next;
  TROUPE_TRY(page.reply_, ask({"XRANGE", stream_of(position.shard), from, "+", "COUNT",
                               std::to_string(entries_per_page)}));
  page.shard_ = position.shard;
  if (page.size() > 0) {
    auto& newest = position.newest[position.shard];
    newest.shard = position.shard;
    read_stream_id(text_of(page.reply_.at(page.size() - 1)->element[0]), newest);
    position.next = "(" + std::to_string(newest.ms) + "-" + std::to_string(newest.n);
  }
  if (page.size() < entries_per_page) {
    ++position.shard;
    position.next.clear();
  }
  return true;
}

outcome<std::vector<event_id>> event_log_reader::newest() {
  std::vector<event_id> found;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    TROUPE_TRY(auto reply, ask({"XREVRANGE", stream_of(shard), "+", "-", "COUNT", "1"}));
    if (const auto id = first_id(reply, shard))
      found.push_back(*id);
  }
  return found;
}

}  // namespace troupe
