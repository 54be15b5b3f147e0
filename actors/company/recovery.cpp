// The way of a lane's tasks, groups and quarantines back from Redis.

#include "actors/company/company_impl.hpp"
#include "actors/task/graph_mark.hpp"
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
constexpr std::size_t outlines_per_query = 96;
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

graph_directory_shell& lane_company::impl::shell_of_graphs() {
  return *static_cast<graph_directory_shell*>(
      caf::actor_cast<caf::abstract_actor*>(directory().graphs[index()]));
}

void lane_company::recover_ids(std::function<void(std::string)> known) {
  impl_->tell(impl_->directory().registers[impl_->index()], open_register{});
  if (impl_->index() == 0)
    impl_->open_stores();
  impl_->unexpected.clear();
  impl_->read_graphs(
      [this, known = std::move(known)]() mutable { impl_->read_ids(std::move(known)); });
}

void lane_company::impl::read_ids(std::function<void(std::string)> known) {
  shards_missing = shards.size();
  auto done = std::make_shared<std::function<void(std::string)>>(std::move(known));
  recover_service_streams([this, done] {
    if (shards_missing == 0)
      (*done)(unexpected);
  });
  for (const auto shard : shards) {
    resp_writer query;
    const auto prefix = shard_key_prefix(shard);
    auto key = [prefix](std::string_view rest) { return resp_writer::joined{prefix, rest, {}}; };
    query.command("ZRANGE", key("expiry"), 0, -1);
    query.command("SMEMBERS", key("live"));
    query.command("ZRANGE", key("group-expiry"), 0, -1);
    query.command("XREVRANGE", key("events"), "+", "-", "COUNT", 1);
    query.command("XLEN", key("events"));
    query.command("ZRANGEBYSCORE", key("quarantine"), where.on.now().ms, "+inf", "WITHSCORES");
    query.command("SMEMBERS", key("group-work"));
    query.command("GET", key("events-end"));
    where.store().query(query, [this, shard, done](std::vector<redis_reply>& replies) {
      for (const auto& reply : replies)
        if (reply.is_error() && unexpected.empty())
          unexpected = "Redis holds something unexpected for shard " + std::to_string(shard) +
                       ": " + std::string{reply.text()};
      if (unexpected.empty())
        take_ids(shard, replies);
      if (--shards_missing == 0)
        (*done)(unexpected);
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
    query.command("GET", event_end_key(stream));
    streams.push_back(stream);
  }
  if (streams.empty())
    return;
  ++shards_missing;
  where.store().query(query, [this, streams, done](std::vector<redis_reply>& replies) {
    --shards_missing;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const auto& newest = replies[3 * i];
      if (newest.is_error() && unexpected.empty())
        unexpected = "Redis holds something unexpected as " + event_stream_key(streams[i]) + ": " +
                     std::string{newest.text()};
      else
        resume_stream(streams[i], newest, replies[3 * i + 1], replies[3 * i + 2]);
    }
    done();
  });
}

// Numbers go on behind the newest event, or behind what the stream had when it was emptied.
void lane_company::impl::resume_stream(std::uint16_t stream, const redis_reply& newest,
                                       const redis_reply& length, const redis_reply& emptied) {
  auto last = newest.size() > 0 ? read_entry_id(*newest.at(0), stream) : std::nullopt;
  const auto end = parse_entry_id(emptied.text(), stream);
  if (end && (!last || last->n < end->n))
    last = end;
  if (last)
    where.store().resume_events(stream, last->ms, last->n,
                                static_cast<std::uint64_t>(length.integer()));
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
  resume_stream(shard, replies[3], replies[4], replies[7]);
  for (std::size_t i = 0; i + 1 < replies[5].size(); i += 2)
    if (auto quarantine = read_quarantine(text_of(replies[5].at(i)), text_of(replies[5].at(i + 1))))
      where.board.tell(where.on, std::move(*quarantine));
}

// -- graphs that were under way -------------------------------------------------------------------

// Of all shards, whoever's they are: the tasks of a graph are everywhere, and each lane has to know
// what was decided before it reads its own.
void lane_company::impl::read_graphs(std::function<void()> then) {
  graphs.clear();
  resp_writer query;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    query.command("SMEMBERS", resp_writer::joined{shard_key_prefix(shard), "graph-work", {}});
  where.store().query(query, [this, then](std::vector<redis_reply>& replies) {
    std::vector<task_graph_id> ids;
    resp_writer states;
    for (const auto& reply : replies)
      for (std::size_t i = 0; i < reply.size(); ++i)
        if (const auto id = task_graph_id::parse(text_of(reply.at(i)))) {
          const auto prefix = shard_key_prefix(shard_of(id->view()));
          states.command("HGET", resp_writer::joined{prefix, "graph:", id->view()}, "state");
          ids.push_back(*id);
        }
    if (ids.empty())
      return then();
    where.store().query(states, [this, ids, then](std::vector<redis_reply>& found) {
      take_graphs(ids, found);
      then();
    });
  });
}

void lane_company::impl::take_graphs(const std::vector<task_graph_id>& ids,
                                     std::vector<redis_reply>& replies) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool decided = replies[i].text() == graph_committed;
    graphs[ids[i]] = decided;
    if (lane_of_shard(shard_of(ids[i].view()), where.on.lane_count()) == index())
      shell_of_graphs().expect(ids[i], decided);
  }
}

void lane_company::recover_tasks(std::function<void(std::size_t)> ready) {
  impl_->ready = std::move(ready);
  impl_->asked = 0;
  impl_->resumed = 0;
  for (const auto shard : impl_->shards)
    impl_->shell_of_shard(shard).judge_members_by(impl_->graphs);
  impl_->ask_rows();
}

// What waits for a worker is most of what there is after a crash. It need not be in memory, and its
// definition, the largest part of it, need not be read.
void lane_company::impl::ask_rows() {
  while (in_flight < queries_in_flight && (asked < live.size() || !whole.empty()))
    asked < live.size() ? ask_outlines() : ask_whole();
  if (in_flight == 0 && ready) {
    live = {};
    for (const auto shard : shards)
      shell_of_shard(shard).begin_sweeping();
    // By then what the tasks told actors of other lanes is on its way.
    auto& store = where.store();
    store.when_safe(store.last(), [this, done = std::exchange(ready, nullptr)] { done(resumed); });
  }
}

void lane_company::impl::ask_outlines() {
  resp_writer query;
  std::vector<task_id> ids;
  for (; asked < live.size() && ids.size() < outlines_per_query; ++asked) {
    const auto& id = live[asked];
    query.command("HMGET",
                  resp_writer::joined{shard_key_prefix(shard_of(id.view())), "task:", id.view()},
                  "status", "x");
    ids.push_back(id);
  }
  ++in_flight;
  where.store().query(query, [this, ids = std::move(ids)](std::vector<redis_reply>& replies) {
    --in_flight;
    take_outlines(ids, replies);
    ask_rows();
  });
}

void lane_company::impl::take_outlines(const std::vector<task_id>& ids,
                                       std::vector<redis_reply>& replies) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& row = replies[i];
    const auto outline = row.size() == 2
                             ? read_outline(ids[i], text_of(row.at(0)), text_of(row.at(1)))
                             : std::nullopt;
    if (!outline)
      continue;  // a membership of the live set without its task means nothing
    if (outline->is_pending()) {
      ++resumed;
      shell_of_shard(shard_of(ids[i].view())).resume_resting(*outline);
    } else {
      whole.push_back(ids[i]);
    }
  }
  where.on.drain();
}

void lane_company::impl::ask_whole() {
  resp_writer query;
  std::vector<task_id> ids;
  for (; !whole.empty() && ids.size() < rows_per_query; whole.pop_back()) {
    const auto& id = whole.back();
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

void lane_company::impl::take_rows(const std::vector<task_id>& ids,
                                   std::vector<redis_reply>& replies) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto& row = replies[2 * i];
    std::optional<task_state> state;
    if (row.size() == 3)
      state = read_task(ids[i], text_of(row.at(0)), text_of(row.at(1)), text_of(row.at(2)));
    if (!state)
      continue;
    state->dependents = read_edges(replies[2 * i + 1].get());
    if (const auto graph = marked_graph(text_of(row.at(2)))) {
      ++resumed;
      shell_of_shard(shard_of(ids[i].view())).resume_member(std::move(*state), *graph);
      continue;
    }
    ++resumed;
    shell_of_shard(shard_of(ids[i].view())).resume(std::move(*state));
  }
  where.on.drain();
}

}  // namespace troupe
