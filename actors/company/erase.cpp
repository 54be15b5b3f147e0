// Everything that a lane has in Redis goes.

#include "actors/company/company_impl.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/store/event_entry.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace troupe {

namespace {

constexpr int keys_per_page = 500;
constexpr std::string_view tag_begin = "troupe:{";

}  // namespace

// What stays is who holds the lane, and the numbers of events; streams were emptied before.
bool lane_company::impl::is_erasable(std::string_view key) const {
  const auto tag_end = key.find("}:");
  if (!key.starts_with(tag_begin) || tag_end == std::string_view::npos)
    return false;
  const auto rest = key.substr(tag_end + 2);
  if (rest == "lease" || rest == "events-end" || rest == "events")
    return false;
  const auto tag = key.substr(tag_begin.size(), tag_end - tag_begin.size());
  std::uint16_t shard = 0;
  const auto [end, failed] = std::from_chars(tag.data(), tag.data() + tag.size(), shard);
  const bool is_shard = failed == std::errc{} && end == tag.data() + tag.size();
  // Services belong to the first lane.
  return index() == (is_shard ? lane_of_shard(shard, where.on.lane_count()) : 0);
}

void lane_company::erase(std::function<void()> done) {
  auto& store = impl_->where.store();
  store.begin_commit();
  for (std::uint16_t stream = 0; stream < stream_count; ++stream)
    if (lane_of_stream(stream, impl_->where.on.lane_count()) == impl_->index())
      store.forget_events(stream);
  store.end_commit();
  impl_->erase_keys("0", false, std::move(done));
}

// Again from the beginning until nothing is found: an answer to those who left may have been on its
// way, and something was written because of it.
void lane_company::impl::erase_keys(std::string_view cursor, bool erased,
                                    std::function<void()> done) {
  resp_writer query;
  query.command("SCAN", cursor, "MATCH", "troupe:{*", "COUNT", keys_per_page);
  auto& store = where.store();
  store.when_safe(store.last(), [this, query, erased, done = std::move(done)] {
    where.store().query(query, [this, erased, done](std::vector<redis_reply>& replies) {
      take_keys(replies.front(), erased, done);
    });
  });
}

void lane_company::impl::take_keys(const redis_reply& reply, bool erased,
                                   const std::function<void()>& done) {
  if (reply.size() != 2)
    return erase_keys("0", erased, done);  // Redis is not ready yet
  auto& store = where.store();
  const auto* keys = reply.at(1);
  bool found = false;
  auto& commands = store.begin_commit();
  for (std::size_t i = 0; i < keys->elements; ++i) {
    const auto key = text_of(keys->element[i]);
    if (!is_erasable(key))
      continue;
    commands.command("UNLINK", key);
    found = true;
  }
  if (found)
    store.end_commit();
  else
    store.abandon_commit();
  if (const auto next = text_of(reply.at(0)); next != "0")
    return erase_keys(next, erased || found, done);
  if (erased || found)
    return erase_keys("0", false, done);
  store.when_safe(store.last(), done);
}

}  // namespace troupe
