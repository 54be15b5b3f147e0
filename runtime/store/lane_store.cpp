#include "runtime/store/lane_store.hpp"

#include "runtime/events/key_list.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/store/event_entry.hpp"

#include <boost/asio/post.hpp>

#include <hiredis/hiredis.h>

#include <cassert>

namespace troupe {

namespace {

constexpr std::uint32_t commits_per_batch = 128;
constexpr std::size_t bytes_per_batch = 256 * 1024;
constexpr std::string_view line_end = "\r\n";  // behind each argument
constexpr std::uint64_t checkpoint_bytes = 1 << 20;

// An event that is already in the log: the batch had been executed before the connection broke.
bool is_repeated_event(const redisReply* reply) {
  return text_of(reply).find("equal or smaller") != std::string_view::npos;
}

}  // namespace

lane_store::lane_store(lane& owner, store_options options)
    : lane_(owner),
      options_(std::move(options)),
      link_(owner.io(), options_.redis),
      resend_(owner.io()) {}

lane_store::~lane_store() = default;

// -- writing --------------------------------------------------------------------------------------

resp_writer& lane_store::begin_commit() {
  assert(!in_commit_ && lane_.is_current());
  in_commit_ = true;
  if (filling_.commands.empty())
    filling_.commands.command("MULTI");
  commit_text_ = filling_.commands.size();
  commit_commands_ = filling_.commands.commands();
  commit_events_ = filling_.events.size();
  return filling_.commands;
}

void lane_store::append_event(std::uint16_t stream, event_draft draft) {
  assert(in_commit_);
  auto& log = logs_[stream];
  const auto now = lane_.now();
  log.last_ms = std::max(log.last_ms, now.ms);
  ++log.last_n;
  const event_id id{log.last_ms, stream, log.last_n};
  char stream_id[48];
  auto* end = std::to_chars(stream_id, stream_id + 22, id.ms).ptr;
  *end++ = '-';
  end = std::to_chars(end, stream_id + sizeof stream_id, id.n).ptr;
  auto& commands = filling_.commands;
  const auto cc = join_keys(draft.cc);
  const event_entry_head head{now.ms, draft.exchange.size(), draft.routing_key.size(), cc.size()};
  commands.begin(5);
  commands.argument("XADD");
  commands.argument(resp_writer::joined{stream_key_prefix(stream), "events", {}});
  commands.argument(std::string_view{stream_id, static_cast<std::size_t>(end - stream_id)});
  commands.argument(event_entry_field);
  commands.begin_argument(head.text().size() + draft.exchange.size() + draft.routing_key.size() +
                          cc.size() + draft.payload.size());
  commands.part(head.text());
  // What listeners are told later is read where it stands.
  const auto text = [&commands](std::string_view part) {
    commands.part(part);
    return stretch{commands.size() - part.size(), part.size()};
  };
  const auto exchange = text(draft.exchange);
  const auto routing_key = text(draft.routing_key);
  commands.part(cc);
  const auto payload = text(draft.payload);
  commands.end_argument();
  note_event_size(stream, payload.size + routing_key.size + exchange.size);
  filling_.events.push_back({id, now, exchange, routing_key, payload, std::move(draft.cc)});
  ++counters_.events;
}

commit_number lane_store::end_commit() {
  assert(in_commit_);
  in_commit_ = false;
  filling_.last = ++last_;
  ++filling_.commits;
  ++counters_.commits;
  if ((filling_.commits >= commits_per_batch || filling_.commands.size() >= bytes_per_batch) &&
      !in_flight_)
    flush();
  else
    schedule_flush();
  return last_;
}

void lane_store::abandon_commit() {
  if (!in_commit_)
    return;
  in_commit_ = false;
  filling_.commands.cut(commit_text_, commit_commands_);
  for (; filling_.events.size() > commit_events_; filling_.events.pop_back())
    logs_[filling_.events.back().id.stream].last_n = filling_.events.back().id.n - 1;
}

void lane_store::schedule_flush() {
  if (flush_scheduled_ || in_flight_)
    return;
  flush_scheduled_ = true;
  boost::asio::post(lane_.io(), [this] {
    flush_scheduled_ = false;
    flush();
  });
}

void lane_store::flush() {
  if (filling_.commits == 0 || in_flight_ || in_commit_)
    return;
  filling_.commands.command("EXEC");
  std::unique_ptr<batch> next;
  if (spare_.empty()) {
    next = std::make_unique<batch>();
  } else {
    next = std::move(spare_.back());
    spare_.pop_back();
  }
  std::swap(*next, filling_);
  in_flight_ = std::move(next);
  ++counters_.batches;
  send();
}

void lane_store::send() {
  // The link keeps the text by a pointer into the batch, which lives until it is answered.
  const auto& commands = in_flight_->commands;
  std::shared_ptr<const std::string> text{std::shared_ptr<void>{}, &commands.text()};
  link_.request(std::move(text), commands.commands(),
                [this](std::vector<redis_reply>& replies) { on_exec(replies); });
}

void lane_store::on_exec(std::vector<redis_reply>& replies) {
  const auto& exec = replies.back();
  if (exec->type != REDIS_REPLY_ARRAY) {
    std::string why{exec.text()};
    for (const auto& reply : replies)
      if (reply.is_error() && !reply.text().starts_with("EXECABORT"))
        why = reply.text();
    return on_refused(why);
  }
  for (std::size_t i = 0; i < exec.size(); ++i) {
    const auto* element = exec.at(i);
    if (element->type == REDIS_REPLY_ERROR && !is_repeated_event(element))
      return fatal_("Redis could not carry out a write: " + std::string{text_of(element)});
  }
  troubled_since_ms_ = 0;
  finish_batch();
}

void lane_store::on_refused(const std::string& why) {
  // Nothing of the batch was carried out, so it is kept and sent again until Redis takes it: memory
  // stays right, callers wait and then hear that the outcome is unknown.
  if (troubled_since_ms_ == 0)
    troubled_since_ms_ = lane_.now().ms;
  if (on_trouble_)
    on_trouble_(why);
  resend_.expires_after(std::chrono::milliseconds{250});
  resend_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled)
      send();
  });
}

void lane_store::finish_batch() {
  const lane::moment one{lane_};
  auto done = std::move(in_flight_);
  // The next batch goes out first, so that Redis works while answers are written.
  flush();
  safe_ = done->last;
  const auto& text = done->commands.text();
  for (const auto& pending : done->events) {
    const event what{pending.id, pending.exchange.in(text), pending.routing_key.in(text),
                     pending.cc, pending.payload.in(text),  pending.time};
    for (auto* listener : listeners_)
      listener->on_event(what);
  }
  if (!done->events.empty())
    for (auto* listener : listeners_)
      listener->on_group_end();
  for (auto& job : done->jobs)
    job();
  for (auto& pending : done->answers)
    lane_.deliver(pending.to, std::move(pending.result));
  done->commands.clear();
  done->events.clear();
  done->answers.clear();
  done->jobs.clear();
  done->commits = 0;
  spare_.push_back(std::move(done));
  lane_.drain();
  if (flushed_ && backlog() == 0)
    std::exchange(flushed_, nullptr)();
}

lane_store::batch& lane_store::batch_of(commit_number number) {
  return in_flight_ && number <= in_flight_->last ? *in_flight_ : filling_;
}

void lane_store::when_safe(commit_number number, std::function<void()> job) {
  if (number <= safe_)
    return job();
  batch_of(number).jobs.push_back(std::move(job));
}

void lane_store::answer(commit_number number, const reply_handle& to, class answer&& result) {
  if (!to)
    return;
  if (number <= safe_)
    return lane_.deliver(to, std::move(result));
  batch_of(number).answers.push_back(pending_answer{to, std::move(result)});
}

void lane_store::query(const resp_writer& commands,
                       std::function<void(std::vector<redis_reply>&)> done) {
  link_.request(std::make_shared<const std::string>(commands.text()), commands.commands(),
                [this, done = std::move(done)](std::vector<redis_reply>& replies) {
                  done(replies);
                  lane_.drain();
                });
}

bool lane_store::overdue() const {
  return troubled_since_ms_ != 0 &&
         lane_.now().ms - troubled_since_ms_ > options_.outage_bound.count();
}

void lane_store::resume_events(std::uint16_t stream, std::int64_t last_ms, std::uint64_t last_n,
                               std::uint64_t entries) {
  auto& log = logs_[stream];
  if (last_n <= log.last_n)
    return;  // it was emptied while the server ran
  log.last_ms = last_ms;
  log.last_n = last_n;
  // What an entry takes is not known any more; an ordinary one has about this size.
  log.bytes = entries * 1200;
  if (entries > 0)
    log.checkpoints.push_back(checkpoint{last_ms, last_n, log.bytes});
}

void lane_store::forget_events(std::uint16_t stream) {
  assert(in_commit_);
  auto& log = logs_[stream];
  if (log.last_n == 0)
    return;
  filling_.commands.command("DEL", event_stream_key(stream));
  filling_.commands.command("SET", event_end_key(stream),
                            std::to_string(log.last_ms) + "-" + std::to_string(log.last_n));
  log.bytes = 0;
  log.checkpoints.clear();
}

event_id lane_store::newest_event(std::uint16_t stream) const {
  return {logs_[stream].last_ms, stream, logs_[stream].last_n};
}

void lane_store::note_event_size(std::uint16_t stream, std::size_t size) {
  auto& log = logs_[stream];
  if (log.checkpoints.empty() || log.checkpoints.back().bytes >= checkpoint_bytes) {
    log.checkpoints.push_back(checkpoint{log.last_ms, log.last_n, 0});
    trim_events(stream);
  }
  log.checkpoints.back().bytes += size;
  log.bytes += size;
}

void lane_store::trim_events(std::uint16_t stream) {
  auto& log = logs_[stream];
  const auto oldest_ms = lane_.now().ms - options_.event_retention_time.count();
  bool cut = false;
  while (log.checkpoints.size() > 1 && (log.bytes > options_.event_retention_bytes / stream_count ||
                                        log.checkpoints[1].ms < oldest_ms)) {
    log.bytes -= std::min(log.bytes, log.checkpoints.front().bytes);
    log.checkpoints.pop_front();
    cut = true;
  }
  if (!cut)
    return;
  const auto& first = log.checkpoints.front();
  filling_.commands.command("XTRIM", resp_writer::joined{stream_key_prefix(stream), "events", {}},
                            "MINID", std::to_string(first.ms) + "-" + std::to_string(first.n));
}

// -- connection and leases ------------------------------------------------------------------------

std::vector<std::uint16_t> lane_store::own_shards() const {
  std::vector<std::uint16_t> result;
  for (std::uint16_t shard = 0; shard < shard_count; ++shard)
    if (lane_of_shard(shard, lane_.lane_count()) == lane_.index())
      result.push_back(shard);
  return result;
}

void lane_store::start(std::function<void(std::string)> ready) {
  ready_ = std::move(ready);
  link_.start([this](std::function<void(std::string)> done) { greet(std::move(done)); },
              [this] {
                ++counters_.reconnects;
                if (troubled_since_ms_ == 0)
                  troubled_since_ms_ = lane_.now().ms;
                if (on_trouble_)
                  on_trouble_("the connection to Redis at " + options_.redis.describe() +
                              " is lost; trying again");
              },
              [this](std::string refused) {
                if (ready_)
                  return std::exchange(ready_, nullptr)(std::move(refused));
                fatal_(std::move(refused));
              });
}

void lane_store::greet(std::function<void(std::string)> done) {
  auto finish = [this, done = std::move(done)](std::string refused) {
    done(refused);
    if (!refused.empty())
      return;
    if (!in_flight_)
      troubled_since_ms_ = 0;
    if (ready_)
      std::exchange(ready_, nullptr)("");
    else if (on_trouble_)
      on_trouble_("connected to Redis again");
  };
  if (leased_)
    verify_leases(std::move(finish));
  else
    take_leases(std::move(finish));
}

void lane_store::take_leases(std::function<void(std::string)> done) {
  const auto shards = own_shards();
  resp_writer commands;
  const auto me = link_.client_id();
  for (const auto shard : shards) {
    const resp_writer::joined key{shard_key_prefix(shard), "lease", {}};
    commands.command("MULTI");
    commands.command("HINCRBY", key, "epoch", 1);
    commands.command("HGET", key, "client");
    commands.command("HSET", key, "client", me);
    commands.command("EXEC");
  }
  link_.request_now(commands, [this, shards, done](std::vector<redis_reply>& replies) {
    std::vector<std::string> former;
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const auto& exec = replies[i * 5 + 4];
      if (exec.size() != 3)
        return done(exec.text().starts_with("LOADING") || exec.text().starts_with("EXECABORT")
                        ? "again"
                        : "Redis does not take writes: " + std::string{exec.text()});
      epochs_[shards[i]] = std::to_string(exec.at(0)->integer);
      const std::string client{text_of(exec.at(1))};
      if (!client.empty() && client != std::to_string(link_.client_id()) &&
          std::find(former.begin(), former.end(), client) == former.end())
        former.push_back(client);
    }
    leased_ = true;
    kill_former_owners(former, done);
  });
}

void lane_store::kill_former_owners(const std::vector<std::string>& clients,
                                    std::function<void(std::string)> done) {
  if (clients.empty())
    return done("");
  resp_writer commands;
  for (const auto& client : clients)
    commands.command("CLIENT", "KILL", "ID", client);
  // An error means that the connection is gone already, which is what we want.
  link_.request_now(commands, [done](std::vector<redis_reply>&) { done(""); });
}

void lane_store::verify_leases(std::function<void(std::string)> done) {
  const auto shards = own_shards();
  resp_writer commands;
  for (const auto shard : shards) {
    const resp_writer::joined key{shard_key_prefix(shard), "lease", {}};
    commands.command("WATCH", key);
    commands.command("HGET", key, "epoch");
  }
  link_.request_now(commands, [this, shards, done](std::vector<redis_reply>& replies) {
    for (std::size_t i = 0; i < shards.size(); ++i) {
      const auto& epoch = replies[i * 2 + 1];
      if (epoch.is_error())
        return done("again");
      if (epoch.text() != epochs_[shards[i]])
        return done("another server has taken over this data (shard " + std::to_string(shards[i]) +
                    "); this one ends");
    }
    claim_connection(done);
  });
}

void lane_store::claim_connection(std::function<void(std::string)> done) {
  resp_writer commands;
  commands.command("MULTI");
  for (const auto shard : own_shards())
    commands.command("HSET", resp_writer::joined{shard_key_prefix(shard), "lease", {}}, "client",
                     link_.client_id());
  commands.command("EXEC");
  link_.request_now(commands, [done](std::vector<redis_reply>& replies) {
    const bool taken = replies.back().size() > 0;
    done(taken ? "" : "again");
  });
}

void lane_store::flush_and_stop(std::function<void()> done) {
  stopping_ = true;
  auto finish = [this, done = std::move(done)] {
    link_.stop();
    done();
  };
  if (backlog() == 0)
    return finish();
  flushed_ = std::move(finish);
  flush();
  resend_.expires_after(options_.outage_bound);
  resend_.async_wait([this](const boost::system::error_code&) {
    if (flushed_)
      std::exchange(flushed_, nullptr)();
  });
}

}  // namespace troupe
