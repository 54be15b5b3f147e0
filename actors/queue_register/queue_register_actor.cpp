#include "actors/queue_register/queue_register_actor.hpp"

#include "actors/queue_register/queue_register_wire.hpp"
#include "actors/worker/worker_wire.hpp"
#include "runtime/lane/caf_compat.hpp"

#include <hiredis/hiredis.h>

#include <charconv>

namespace troupe {

queue_register_shell::queue_register_shell(caf::actor_config& config, const stage& where,
                                           std::function<void()> successor)
    : service_actor(config, where.on, where.board,
                    "queue register of lane " + std::to_string(where.on.index()),
                    std::move(successor), register_timer_fired{where.on.index()}),
      stage_(where),
      // Answers to what one that failed has asked must not be taken for answers to this one.
      next_number_(static_cast<std::uint32_t>(where.on.unique_us())) {}

queue_register_shell::behavior_type queue_register_shell::make_behavior() {
  using self = queue_register_shell;
  return {
      opens<open_register>(&self::open),
      receive(&self::seen),
      receive(&self::declared),
      receive(&self::noted),
      receive(&self::show),
      receive(&self::list),
      receive(&self::find),
      receive(&self::found),
      receive(&self::show_worker),
      receive(&self::list_workers_of),
      receive(&self::explain),
      receive(&self::described),
      receive(&self::measure),
      receive(&self::write_now),
      receive(&self::time_came),
      receive(&self::expire),
  };
}

void queue_register_shell::leave() {
  give_up_listings();
  hand_over_unwritten();
}

// The successor reads the others from Redis.
void queue_register_shell::hand_over_unwritten() {
  if (!guard_.failed())
    return;
  for (const auto& queue : std::exchange(state_.unwritten, {})) {
    const auto known = state_.queues.find(queue);
    if (known == state_.queues.end() || !known->second.unwritten)
      continue;
    const auto& record = known->second.record;
    stage_.board.tell(stage_.on, queue_seen{{{queue}}, {}, record.last_active, record.expires});
  }
}

// -- the beginning --------------------------------------------------------------------------------

// Workers that are in memory may know more than Redis; what they tell comes after what it holds.
void queue_register_shell::open() {
  for (std::uint16_t lane = 0; lane < stage_.on.lane_count(); ++lane)
    stage_.board.tell(stage_.on, note_workers{lane});
  when_settled([this] { ask_redis(); });
}

void queue_register_shell::ask_redis() {
  resp_writer query;
  std::size_t own = 0;
  const auto now = stage_.on.now();
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    if (lane_of_shard(shard, stage_.on.lane_count()) != stage_.on.index())
      continue;
    query.command("HGETALL", resp_writer::joined{shard_key_prefix(shard), "queues", {}});
    ++own;
  }
  // A worker is stored in a shard of its own, whatever the queue.
  for (std::uint16_t shard = 0; shard < shard_count; ++shard) {
    const auto prefix = shard_key_prefix(shard);
    query.command("ZRANGE", resp_writer::joined{prefix, "worker-expiry", {}}, 0, -1, "WITHSCORES");
    query.command("ZRANGEBYSCORE", resp_writer::joined{prefix, "quarantine", {}}, now.ms, "+inf",
                  "WITHSCORES");
  }
  auto self = caf::actor_cast<queue_register_actor>(this);
  stage_.store().query(query, [this, self, own](std::vector<redis_reply>& replies) {
    guard_.attempt([&] {
      for (std::size_t i = 0; i < own; ++i)
        take_records(replies[i]);
      for (std::size_t i = own; i + 1 < replies.size(); i += 2)
        take_workers(replies[i], replies[i + 1]);
      ready();
    });
  });
}

void queue_register_shell::take_records(const redis_reply& records) {
  for (std::size_t i = 0; i + 1 < records.size(); i += 2)
    on_record_read(state_, task_queue_id{{std::string{text_of(records.at(i))}}},
                   read_record(text_of(records.at(i + 1))), delay());
}

namespace {

timestamp score_of(const redisReply* reply) {
  const auto text = text_of(reply);
  timestamp result;
  std::from_chars(text.data(), text.data() + text.size(), result.ms);
  return result;
}

}  // namespace

void queue_register_shell::take_workers(const redis_reply& expiries,
                                        const redis_reply& quarantines) {
  std::unordered_map<std::string_view, timestamp> until;
  for (std::size_t i = 0; i + 1 < quarantines.size(); i += 2)
    until[text_of(quarantines.at(i))] = score_of(quarantines.at(i + 1));
  const auto now = stage_.on.now();
  for (std::size_t i = 0; i + 1 < expiries.size(); i += 2) {
    const auto key = text_of(expiries.at(i));
    auto parts = read_worker_key(key);
    if (!parts ||
        lane_of_shard(shard_of(parts->queue.text), stage_.on.lane_count()) != stage_.on.index())
      continue;
    worker_noted command{
        std::move(parts->queue), std::move(parts->worker), score_of(expiries.at(i + 1)), {}};
    if (const auto found = until.find(key); found != until.end())
      command.quarantine_until = found->second;
    on_worker_noted(state_, command, now, delay());
  }
}

// -- sightings ------------------------------------------------------------------------------------

void queue_register_shell::seen(queue_seen& command) {
  on_queue_seen(state_, command, delay());
  write_soon();
}

void queue_register_shell::declared(queue_declared& command) {
  on_queue_seen(state_, queue_seen{command.queue, {}, command.at, command.expires}, delay());
  stage_.store().answer(write(command.queue.text), command.reply, answer{std::move(command.body)});
}

void queue_register_shell::noted(worker_noted& command) {
  on_worker_noted(state_, command, stage_.on.now(), delay());
}

commit_number queue_register_shell::write(const std::string& queue) {
  auto& known = state_.queues.find(queue)->second;
  known.unwritten = false;
  auto& commands = stage_.store().begin_commit();
  commands.command("HSET", resp_writer::joined{shard_key_prefix(shard_of(queue)), "queues", {}},
                   queue, record_text(known.record));
  return stage_.store().end_commit();
}

void queue_register_shell::write_all() {
  write_at_ = {};
  for (const auto& queue : std::exchange(state_.unwritten, {}))
    if (const auto known = state_.queues.find(queue);
        known != state_.queues.end() && known->second.unwritten)
      write(queue);
}

void queue_register_shell::write_soon() {
  if (write_at_.ms == 0)
    write_at_ = stage_.on.now() + stage_.parts.worker_write_interval;
}

void queue_register_shell::write_now(write_workers&) { write_all(); }

// -- time -----------------------------------------------------------------------------------------

void queue_register_shell::time_came(register_timer_fired&) {
  const auto now = stage_.on.now();
  if (write_at_.ms != 0 && write_at_ <= now)
    write_all();
  auto decision = on_register_timer(state_, now, delay());
  forget(decision.forgotten);
  for (auto& check : decision.checks)
    stage_.board.tell(stage_.on, std::move(check));
}

void queue_register_shell::forget(const std::vector<task_queue_id>& queues) {
  for (const auto& queue : queues) {
    auto& commands = stage_.store().begin_commit();
    commands.command("HDEL",
                     resp_writer::joined{shard_key_prefix(shard_of(queue.text)), "queues", {}},
                     queue.text);
    stage_.store().end_commit();
  }
}

// As if the delay after that time were over. Who asked looks at the workers.
void queue_register_shell::expire(expire_now& command) {
  if (write_at_.ms != 0)
    write_all();
  const auto decision = on_register_timer(state_, command.as_of + delay(), delay());
  forget(decision.forgotten);
  stage_.store().answer(stage_.store().last(), command.reply, answer{expired_text(decision)});
}

// A timer that goes off too early does no harm; one that went off too late would.
std::optional<timestamp> queue_register_shell::next_due() const {
  const auto due = next_register_timer(state_);
  return write_at_.ms != 0 && (!due || write_at_ < *due) ? std::optional{write_at_} : due;
}

// -- queues and provisioners ----------------------------------------------------------------------

namespace {

api_error not_seen(queue_view as, const std::string& id) {
  constexpr std::string_view hint =
      " is not known: no worker asked it for work lately. Check its name; the listing has those "
      "that are known.";
  const std::string_view what = as == queue_view::provisioner   ? "Provisioner "
                                : as == queue_view::worker_type ? "Worker type "
                                                                : "Task queue ";
  return make_api_error(error_code::resource_not_found, std::string{what} + id + std::string{hint});
}

}  // namespace

void queue_register_shell::show(get_task_queue& command) {
  const auto& id = command.queue.text;
  const auto* record = find_record(state_, id, stage_.on.now());
  if (record == nullptr)
    return stage_.on.deliver(command.reply, answer{not_seen(command.as, id)});
  stage_.on.deliver(command.reply,
                    answer{row_text(command.as, {id, record->expires, record->last_active,
                                                 record->description, record->stability})});
}

void queue_register_shell::list(list_queues& command) {
  const auto number = next_number_++;
  const auto lanes = stage_.on.lane_count();
  find_queues part{
      0, stage_.on.index(), number, command.as, command.only, command.limit, command.after};
  queue_listings_[number] = queue_listing{std::move(command), {}, lanes};
  for (; part.lane < lanes; ++part.lane)
    stage_.board.tell(stage_.on, part);
}

void queue_register_shell::find(find_queues& command) {
  stage_.board.tell(stage_.on, queues_found{command.from, command.number,
                                            find_rows(state_, command, stage_.on.now())});
}

void queue_register_shell::found(queues_found& command) {
  const auto at = queue_listings_.find(command.number);
  if (at == queue_listings_.end())
    return;
  at->second.parts.push_back(std::move(command.rows));
  if (--at->second.missing > 0)
    return;
  const auto listing = std::move(at->second);
  queue_listings_.erase(at);
  finish_queues(listing);
}

void queue_register_shell::finish_queues(const queue_listing& listing) {
  const auto& command = listing.command;
  const auto page = merge_rows(listing.parts, command.limit);
  answer result;
  if (!command.single)
    result = answer{rows_text(command.as, page.rows)};
  else if (page.rows.empty())
    result = answer{not_seen(command.as, command.only.value_or(""))};
  else
    result = answer{row_text(command.as, page.rows.front())};
  // The gateway makes the page's end into a token of its own.
  if (!command.single && !page.next.empty())
    result.headers.emplace_back("next-position", page.next);
  stage_.on.deliver(command.reply, std::move(result));
}

// -- workers --------------------------------------------------------------------------------------

// A worker is shown as long as its queue is.
void queue_register_shell::show_worker(get_worker& command) {
  if (find_record(state_, command.queue.text, stage_.on.now()) == nullptr)
    return stage_.on.deliver(command.reply,
                             answer{not_seen(queue_view::task_queue, command.queue.text)});
  stage_.board.tell_record(stage_.on, std::move(command));
}

void queue_register_shell::list_workers_of(list_workers& command) {
  const auto number = next_number_++;
  auto& listing = worker_listings_[number];
  listing.last = command.after;
  listing.command = std::move(command);
  go_on(number);
}

// Asks those for their entries that the page still wants.
void queue_register_shell::go_on(std::uint32_t number) {
  auto& listing = worker_listings_[number];
  const auto& command = listing.command;
  const auto wanted = command.limit - static_cast<std::uint32_t>(listing.entries.size());
  auto choice = choose_workers(state_, command.queue.text, listing.last, command.quarantined,
                               wanted, stage_.on.now());
  listing.more = choice.more;
  if (choice.names.empty()) {
    finish_workers(listing);
    worker_listings_.erase(number);
    return;
  }
  listing.last = choice.names.back();
  listing.chosen.assign(choice.names.size(), {});
  listing.missing = choice.names.size();
  std::map<std::uint16_t, describe_workers> parts;
  for (std::uint32_t place = 0; place < choice.names.size(); ++place) {
    auto& name = choice.names[place];
    const auto lane = lane_of_shard(shard_of_worker(command.queue.text, name.group, name.id),
                                    stage_.on.lane_count());
    auto& part = parts[lane];
    part.workers.emplace_back(place, std::move(name));
  }
  for (auto& [lane, part] : parts) {
    part.lane = lane;
    part.queue = command.queue;
    part.number = number;
    part.quarantined = command.quarantined;
    stage_.board.tell(stage_.on, std::move(part));
  }
}

void queue_register_shell::described(workers_described& command) {
  const auto at = worker_listings_.find(command.number);
  if (at == worker_listings_.end())
    return;
  auto& listing = at->second;
  if (command.failed) {
    stage_.on.deliver(listing.command.reply,
                      answer{failed_actor("records of workers", "they could not be read")});
    worker_listings_.erase(at);
    return;
  }
  for (auto& [place, text] : command.texts) {
    listing.chosen[place] = std::move(text);
    --listing.missing;
  }
  if (listing.missing > 0)
    return;
  for (auto& entry : listing.chosen)
    if (!entry.empty())
      listing.entries.push_back(std::move(entry));
  if (listing.more && listing.entries.size() < listing.command.limit)
    return go_on(command.number);
  finish_workers(listing);
  worker_listings_.erase(at);
}

void queue_register_shell::finish_workers(worker_listing& listing) {
  answer result{workers_text(listing.entries)};
  if (listing.more)
    result.headers.emplace_back("next-position", listing.last->group + "/" + listing.last->id);
  stage_.on.deliver(listing.command.reply, std::move(result));
}

void queue_register_shell::explain(explain_workers& command) {
  const auto now = stage_.on.now();
  stage_.on.deliver(command.reply,
                    answer{explanation_text(count_workers_of(state_, command.queue, now),
                                            find_record(state_, command.queue.text, now))});
}

void queue_register_shell::measure(measure_queues& command) {
  stage_.board.tell(
      stage_.on, measure_runs{command.lane, count_workers(state_, stage_.on.now()), command.reply});
}

void queue_register_shell::give_up_listings() {
  const auto error = [this] {
    return answer{failed_actor("queue register of lane " + std::to_string(stage_.on.index()),
                               "it ended while it made a list")};
  };
  for (auto& [number, listing] : std::exchange(queue_listings_, {}))
    stage_.on.deliver(listing.command.reply, error());
  for (auto& [number, listing] : std::exchange(worker_listings_, {}))
    stage_.on.deliver(listing.command.reply, error());
}

}  // namespace troupe
