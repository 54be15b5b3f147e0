// The way of a lane's tasks, groups and quarantines back from Redis.

#include "actors/company/company_impl.hpp"
#include "actors/task/task_wire.hpp"
#include "actors/worker/worker_wire.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/store/event_entry.hpp"

#include <hiredis/hiredis.h>

namespace troupe {

namespace {

// Small portions, and many of them: Redis carries out what it is asked before it goes on writing
// what it was asked before, and a socket holds the rows of some 25 tasks. So each waits for the
// other unless both have always a little to do.
constexpr std::size_t rows_per_query = 24;
constexpr std::size_t queries_in_flight = 32;

}  // namespace

task_shard_shell& lane_company::impl::shell_of_shard(std::uint16_t shard) {
  return *static_cast<task_shard_shell*>(
      caf::actor_cast<caf::abstract_actor*>(directory().task_shards[shard]));
}

group_directory_shell& lane_company::impl::shell_of_groups() {
  return *static_cast<group_directory_shell*>(
      caf::actor_cast<caf::abstract_actor*>(directory().groups[index()]));
}

void lane_company::recover_ids(std::function<void(std::string)> known) {
  impl_->tell(impl_->directory().registers[impl_->index()], open_register{});
  impl_->shards_missing = impl_->shards.size();
  auto done = std::make_shared<std::function<void(std::string)>>(std::move(known));
  impl_->recover_service_streams([this, done] {
    if (impl_->shards_missing == 0)
      (*done)(impl_->unexpected);
  });
  for (const auto shard : impl_->shards) {
    resp_writer query;
    const auto prefix = shard_key_prefix(shard);
    auto key = [prefix](std::string_view rest) { return resp_writer::joined{prefix, rest, {}}; };
    query.command("ZRANGE", key("expiry"), 0, -1);
    query.command("SMEMBERS", key("live"));
    query.command("ZRANGE", key("group-expiry"), 0, -1);
    query.command("XREVRANGE", key("events"), "+", "-", "COUNT", 1);
    query.command("XLEN", key("events"));
    query.command("ZRANGEBYSCORE", key("quarantine"), impl_->where.on.now().ms, "+inf",
                  "WITHSCORES");
    query.command("SMEMBERS", key("group-work"));
    impl_->where.store().query(query, [this, shard, done](std::vector<redis_reply>& replies) {
      for (const auto& reply : replies)
        if (reply.is_error() && impl_->unexpected.empty())
          impl_->unexpected = "Redis holds something unexpected for shard " +
                              std::to_string(shard) + ": " + std::string{reply.text()};
      if (impl_->unexpected.empty())
        impl_->take_ids(shard, replies);
      if (--impl_->shards_missing == 0)
        (*done)(impl_->unexpected);
    });
  }
}

// Shards have theirs read along with the rest.
void lane_company::impl::recover_service_streams(std::function<void()> done) {
  std::vector<std::uint16_t> streams;
  resp_writer query;
  for (auto stream = shard_count; stream < stream_count; ++stream) {
    if (lane_of_stream(stream, where.on.lane_count()) != index())
      continue;
    const auto key = event_stream_key(stream);
    query.command("XREVRANGE", key, "+", "-", "COUNT", 1);
    query.command("XLEN", key);
    streams.push_back(stream);
  }
  if (streams.empty())
    return;
  ++shards_missing;
  where.store().query(query, [this, streams, done](std::vector<redis_reply>& replies) {
    --shards_missing;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const auto& newest = replies[2 * i];
      const auto& length = replies[2 * i + 1];
      if ((newest.is_error() || length.is_error()) && unexpected.empty())
        unexpected = "Redis holds something unexpected as " + event_stream_key(streams[i]) + ": " +
                     std::string{newest.is_error() ? newest.text() : length.text()};
      else if (newest.size() > 0)
        resume_stream(streams[i], newest, length.integer());
    }
    done();
  });
}

void lane_company::impl::resume_stream(std::uint16_t stream, const redis_reply& newest,
                                       std::int64_t entries) {
  const auto id = read_entry_id(*newest.at(0), stream);
  if (id)
    where.store().resume_events(stream, id->ms, id->n, static_cast<std::uint64_t>(entries));
}

void lane_company::impl::take_ids(std::uint16_t shard, std::vector<redis_reply>& replies) {
  auto& shard_shell = shell_of_shard(shard);
  for (std::size_t i = 0; i < replies[0].size(); ++i)
    if (const auto id = task_id::parse(text_of(replies[0].at(i))))
      shard_shell.know(*id);
  for (std::size_t i = 0; i < replies[1].size(); ++i)
    if (const auto id = task_id::parse(text_of(replies[1].at(i)))) {
      live.push_back(*id);
      shard_shell.know(*id);
    }
  for (std::size_t i = 0; i < replies[2].size(); ++i)
    shell_of_groups().know(text_of(replies[2].at(i)));
  for (std::size_t i = 0; i < replies[6].size(); ++i)
    if (const auto id = task_group_id::parse(text_of(replies[6].at(i))))
      shell_of_groups().expect_work(*id);
  if (replies[3].size() > 0)
    resume_stream(shard, replies[3], replies[4].integer());
  for (std::size_t i = 0; i + 1 < replies[5].size(); i += 2)
    if (auto quarantine = read_quarantine(text_of(replies[5].at(i)), text_of(replies[5].at(i + 1))))
      where.board.tell(where.on, std::move(*quarantine));
}

void lane_company::recover_tasks(std::function<void(std::size_t)> ready) {
  impl_->ready = std::move(ready);
  impl_->ask_rows();
}

void lane_company::impl::ask_rows() {
  while (in_flight < queries_in_flight && asked < live.size()) {
    resp_writer query;
    std::vector<task_id> ids;
    for (; asked < live.size() && ids.size() < rows_per_query; ++asked) {
      const auto& id = live[asked];
      const auto prefix = shard_key_prefix(shard_of(id.view()));
      query.command("HMGET", resp_writer::joined{prefix, "task:", id.view()}, "def", "status", "x");
      query.command("HGETALL", resp_writer::joined{prefix, "edges:", id.view()});
      ids.push_back(id);
    }
    ++in_flight;
    where.store().query(query, [this, ids = std::move(ids)](std::vector<redis_reply>& replies) {
      --in_flight;
      take_rows(ids, replies);
      ask_rows();
    });
  }
  if (in_flight == 0 && asked == live.size() && ready) {
    live = {};
    for (const auto shard : shards)
      shell_of_shard(shard).begin_sweeping();
    // By then what the tasks told actors of other lanes is on its way.
    auto& store = where.store();
    store.when_safe(store.last(), [this, done = std::exchange(ready, nullptr)] { done(resumed); });
  }
}

void lane_company::impl::take_rows(const std::vector<task_id>& ids,
                                   std::vector<redis_reply>& replies) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& row = replies[2 * i];
    std::optional<task_state> state;
    if (row.size() == 3)
      state = read_task(ids[i], text_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2)));
    if (!state)
      continue;  // a membership of the live set without its task means nothing
    state->dependents = read_edges(replies[2 * i + 1].get());
    ++resumed;
    shell_of_shard(shard_of(ids[i].view())).resume(std::move(*state));
  }
  where.on.drain();
}

}  // namespace troupe
