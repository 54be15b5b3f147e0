#include "runtime/store/event_entry.hpp"

#include "runtime/events/event_stream.hpp"
#include "runtime/events/key_list.hpp"
#include "runtime/store/redis_link.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace troupe {

namespace {

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::optional<event_id> read_entry_id(const redisReply& entry, std::uint16_t stream) {
  if (entry.type != REDIS_REPLY_ARRAY || entry.elements == 0)
    return std::nullopt;
  const auto text = text_of(entry.element[0]);
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
    if (name == "x")
      what.exchange = value;
    else if (name == "k")
      what.routing_key = value;
    else if (name == "p")
      what.payload = value;
    else if (name == "c")
      split_keys(value, cc);
    else if (name == "t")
      read_number(value, what.time.ms);
  }
  what.cc = cc;
  return what;
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
