#include "runtime/store/event_entry.hpp"

#include "runtime/events/event_stream.hpp"
#include "runtime/events/key_list.hpp"
#include "runtime/store/redis_link.hpp"

#include <hiredis/hiredis.h>

#include <array>
#include <charconv>

namespace troupe {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// A number of a head and the blank behind it.
template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto blank = text.find(' ');
  if (blank == std::string_view::npos || !read_number(text.substr(0, blank), out))
    return false;
  text.remove_prefix(blank + 1);
  return true;
}

bool take_text(std::string_view& text, std::size_t size, std::string_view& out) {
  if (size > text.size())
    return false;
  out = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

bool read_value(std::string_view value, event& into, std::vector<std::string>& cc) {
  std::size_t exchange = 0, routing_key = 0, keys = 0;
  std::string_view joined;
  const bool good = take_number(value, into.time.ms) && take_number(value, exchange) &&
                    take_number(value, routing_key) && take_number(value, keys) &&
                    take_text(value, exchange, into.exchange) &&
                    take_text(value, routing_key, into.routing_key) &&
                    take_text(value, keys, joined);
  if (good && !joined.empty())
    split_keys(joined, cc);
  into.payload = value;
  return good;
}

void read_field(std::string_view name, std::string_view value, event& into,
                std::vector<std::string>& cc) {
  if (name == "x")
    into.exchange = value;
  else if (name == "k")
    into.routing_key = value;
  else if (name == "p")
    into.payload = value;
  else if (name == "c")
    split_keys(value, cc);
  else if (name == "t")
    read_number(value, into.time.ms);
}

}  // namespace

event_entry_head::event_entry_head(std::int64_t ms, std::size_t exchange, std::size_t routing_key,
                                   std::size_t cc) {
  auto* at = text_.data();
  auto* const end = at + text_.size();
  const auto add = [&at, end](auto number) {
    at = std::to_chars(at, end, number).ptr;
    *at++ = ' ';
  };
  add(ms);
  add(exchange);
  add(routing_key);
  add(cc);
  size_ = static_cast<std::size_t>(at - text_.data());
}

std::optional<event_id> read_entry_id(const redisReply& entry, std::uint16_t stream) {
  if (entry.type != REDIS_REPLY_ARRAY || entry.elements == 0)
    return std::nullopt;
  return parse_entry_id(text_of(entry.element[0]), stream);
}

std::optional<event_id> parse_entry_id(std::string_view text, std::uint16_t stream) {
  const auto dash = text.find('-');
  event_id id;
  id.stream = stream;
  if (dash == std::string_view::npos || !read_number(text.substr(0, dash), id.ms) ||
      !read_number(text.substr(dash + 1), id.n))
    return std::nullopt;
  return id;
}

std::optional<event> read_event_entry(const redisReply& entry, std::uint16_t stream,
                                      std::vector<std::string>& cc) {
  cc.clear();
  const auto id = read_entry_id(entry, stream);
  if (!id || entry.elements != 2 || entry.element[1]->type != REDIS_REPLY_ARRAY)
    return std::nullopt;
  event what;
  what.id = *id;
  const auto& fields = *entry.element[1];
  for (std::size_t i = 0; i + 1 < fields.elements; i += 2) {
    const auto name = text_of(fields.element[i]);
    const auto value = text_of(fields.element[i + 1]);
    if (name != event_entry_field)
      read_field(name, value, what, cc);
    else if (!read_value(value, what, cc))
      return std::nullopt;
  }
  what.cc = cc;
  return what;
}

std::string_view stream_key_prefix(std::uint16_t stream) {
  static const auto prefixes = [] {
    std::array<std::string, service_stream_names.size()> made;
    for (std::size_t i = 0; i < made.size(); ++i)
      made[i] = "troupe:{" + std::string{service_stream_names[i]} + "}:";
    return made;
  }();
  return stream < shard_count ? shard_key_prefix(stream)
                              : std::string_view{prefixes[stream - shard_count]};
}

std::string event_end_key(std::uint16_t stream) {
  return std::string{stream_key_prefix(stream)} + "events-end";
}

std::string event_stream_key(std::uint16_t stream) {
  return std::string{stream_key_prefix(stream)} + "events";
}

bool is_cut_after(const event_id& oldest, const event_id& after) {
  // Numbered from 1, so a log that begins with another one was cut.
  if (oldest.n <= 1 || (oldest.stream == after.stream && oldest.n <= after.n + 1))
    return false;
  return oldest.ms > after.ms - event_overlap_ms;
}

}  // namespace troupe
