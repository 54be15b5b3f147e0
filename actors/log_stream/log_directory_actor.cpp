#include "actors/log_stream/log_directory_actor.hpp"

#include "runtime/supervision/lane_supervisor.hpp"

#include <algorithm>

namespace troupe {

namespace {

constexpr std::chrono::hours sweep_interval{1};

answer offset_answer(std::uint64_t offset) {
  return answer{200, "{\"offset\":" + std::to_string(offset) + "}"};
}

// The worker goes on from the offset; the rest is for people.
answer gap_answer(std::uint64_t offset) {
  return answer{409,
                R"({"code":"RequestConflict","message":"send from the offset that the log has",)"
                "\"offset\":" +
                    std::to_string(offset) + "}"};
}

answer failure(error_code code, std::string text) {
  return answer{make_api_error(code, std::move(text))};
}

answer failed_directory() {
  return failure(error_code::internal_server_error, "the directory of live logs failed");
}

answer disk_failure() {
  return failure(error_code::service_unavailable,
                 "the live log cannot be written now: the disk of the data directory is full, slow "
                 "or not writable; send the same bytes again in a moment");
}

}  // namespace

log_directory_shell::log_directory_shell(caf::actor_config& config, lane& on,
                                         log_directory_options options)
    : log_directory_actor::base(config),
      lane_(on),
      options_(std::move(options)),
      files_(std::make_unique<file_pool>(1)) {
  quiet_alarm_.ring = [this] { guard([this] { look_around(); }); };
  abandoned_alarm_.ring = [this] { guard([this] { look_for_abandoned(); }); };
  sweep_alarm_.ring = [this] { guard([this] { sweep_files(); }); };
}

template <class Command>
auto log_directory_shell::receive(void (log_directory_shell::*handle)(Command&)) {
  return [this, handle](Command& command) {
    if (failed_)
      return refuse(command);
    try {
      (this->*handle)(command);
    } catch (...) {
      refuse(command);
      fail();
    }
  };
}

void log_directory_shell::guard(const std::function<void()>& job) {
  try {
    job();
  } catch (...) {
    fail();
  }
}

log_directory_shell::behavior_type log_directory_shell::make_behavior() {
  // The files are those of all lanes; one looks after them.
  if (lane_.index() == 0)
    guard([this] { sweep_files(); });
  return {
      receive(&log_directory_shell::take),         receive(&log_directory_shell::end),
      receive(&log_directory_shell::join),         receive(&log_directory_shell::ready),
      receive(&log_directory_shell::run_resolved),
  };
}

void log_directory_shell::on_exit() {
  lane_.cancel_timer(std::exchange(quiet_timer_, 0));
  lane_.cancel_timer(std::exchange(sweep_timer_, 0));
  lane_.cancel_timer(std::exchange(abandoned_timer_, 0));
  alive_.reset();
  files_.reset();
  opening_.clear();
  logs_.clear();
}

// -- failure --------------------------------------------------------------------------------------

// Within a handler of an exception. What the spools have its successor reads; the rest is sent
// again by whoever waits here.
void log_directory_shell::fail() {
  if (std::exchange(failed_, true))
    return;
  const auto why = describe_exception(std::current_exception());
  lane_.cancel_timer(std::exchange(quiet_timer_, 0));
  lane_.cancel_timer(std::exchange(sweep_timer_, 0));
  lane_.cancel_timer(std::exchange(abandoned_timer_, 0));
  alive_.reset();
  for (auto& [which, of] : std::exchange(logs_, {})) {
    for (const auto& append : of.appends)
      lane_.deliver(append.reply, disk_failure());
    for (const auto& reply : of.finishes)
      lane_.deliver(reply, disk_failure());
    for (const auto& [number, joined] : of.followers)
      on_follower(joined, [](log_follower& follower) { follower.on_missing(); });
  }
  for (const auto& [which, uses] : std::exchange(opening_, {}))
    for (const auto& waiting : uses)
      waiting.use(nullptr);
  lane_.supervisor().service_failed("log directory of lane " + std::to_string(lane_.index()), why,
                                    options_.successor);
}

void log_directory_shell::refuse(const append_log& command) {
  lane_.deliver(command.reply, failed_directory());
}

void log_directory_shell::refuse(const finish_log& command) {
  lane_.deliver(command.reply, failed_directory());
}

void log_directory_shell::refuse(const follow_log& command) {
  on_follower({command.follower, command.lane},
              [](log_follower& follower) { follower.on_missing(); });
}

// -- finding a log --------------------------------------------------------------------------------

// A log that is not in memory may still be in its spool: it was quiet, or the server restarted.
void log_directory_shell::with_log(const key& which, bool make, std::function<void(stream*)> use) {
  if (const auto known = logs_.find(which); known != logs_.end()) {
    known->second.last_used = lane_.now();
    return use(&known->second);
  }
  auto& waiting = opening_[which];
  waiting.push_back({make, std::move(use)});
  if (waiting.size() == 1)
    open(which);
}

void log_directory_shell::open(const key& which) {
  const auto& waiting = opening_[which];
  const bool make =
      std::any_of(waiting.begin(), waiting.end(), [](const waiting_use& use) { return use.make; });
  off_lane([directory = options_.directory, which,
            make] { return log_spool::open(directory, which.first, which.second, make); },
           [this, which, make](const std::shared_ptr<log_spool>& spool) {
             if (!spool && !make) {
               // An append may have come meanwhile, which makes the file.
               auto& uses = opening_[which];
               const auto refused = std::stable_partition(
                   uses.begin(), uses.end(), [](const waiting_use& use) { return use.make; });
               std::vector<waiting_use> without{std::make_move_iterator(refused),
                                                std::make_move_iterator(uses.end())};
               uses.erase(refused, uses.end());
               if (!uses.empty())
                 open(which);
               else
                 opening_.erase(which);
               for (auto& use : without)
                 use.use(nullptr);
               return;
             }
             opened(which, spool);
           });
}

void log_directory_shell::opened(const key& which, std::shared_ptr<log_spool> spool) {
  const auto uses = std::move(opening_[which]);
  opening_.erase(which);
  stream* of = nullptr;
  if (spool) {
    of = &logs_[which];
    of->state.size = spool->opened_size();
    of->state.spooled = spool->opened_size();
    of->state.finished = spool->opened_finished();
    of->state.sealed = of->state.finished;
    of->spool = std::move(spool);
    of->last_used = of->last_written = lane_.now();
    arm();
  }
  for (const auto& use : uses)
    use.use(of);
}

// -- writing --------------------------------------------------------------------------------------

void log_directory_shell::take(append_log& command) {
  with_log({command.task, command.run}, true,
           [this, command](stream* of) { take_opened(command, of); });
}

void log_directory_shell::take_opened(const append_log& command, stream* of) {
  if (of == nullptr)
    return lane_.deliver(command.reply, disk_failure());
  const key which{command.task, command.run};
  const auto end = command.offset + command.bytes->size();
  switch (append(of->state, command.offset, command.bytes)) {
    case append_verdict::taken:
      of->last_written = lane_.now();
      if (end <= of->state.spooled)
        lane_.deliver(command.reply, offset_answer(of->state.size));
      else
        of->appends.push_back({end, command.reply});
      tell_all(which, *of);
      return write_on(which, *of);
    case append_verdict::gap:
      return lane_.deliver(command.reply, gap_answer(of->state.size));
    case append_verdict::finished:
      return lane_.deliver(command.reply,
                           failure(error_code::request_conflict,
                                   "the log of this run is finished; nothing can be added to it"));
    case append_verdict::put_off:
      lane_.deliver(command.reply, disk_failure());
      return write_on(which, *of);
    case append_verdict::too_long:
      return lane_.deliver(
          command.reply,
          failure(error_code::input_too_large, "a live log holds at most 4 GiB; write less to it"));
  }
}

void log_directory_shell::end(finish_log& command) {
  const key which{command.task, command.run};
  with_log(which, true, [this, which, reply = command.reply](stream* of) {
    if (of == nullptr)
      return lane_.deliver(reply, disk_failure());
    of->state.finished = true;
    of->resolved.clear();
    if (of->state.sealed)
      return lane_.deliver(reply, offset_answer(of->state.size));
    of->finishes.push_back(reply);
    tell_all(which, *of);
    write_on(which, *of);
  });
}

void log_directory_shell::write_on(const key& which, stream& of) {
  auto order = next_write(of.state);
  if (!order) {
    if (of.state.finished && !of.state.writing)
      seal(which, of);
    return;
  }
  const auto end = of.state.size;
  off_lane([spool = of.spool,
            order = std::move(*order)] { return spool->write(order.offset, order.pieces); },
           [this, which, end](bool written) { write_ended(which, end, written); });
}

void log_directory_shell::write_ended(const key& which, std::uint64_t end, bool written) {
  auto& of = logs_.at(which);
  if (!written) {
    write_failed(of.state);
    return fail_waiting(of);
  }
  wrote(of.state, end);
  const auto waiting = std::partition(of.appends.begin(), of.appends.end(),
                                      [end](const waiting_append& a) { return a.end > end; });
  std::vector<waiting_append> safe{waiting, of.appends.end()};
  of.appends.erase(waiting, of.appends.end());
  for (const auto& append : safe)
    lane_.deliver(append.reply, offset_answer(append.end));
  write_on(which, of);
}

void log_directory_shell::fail_waiting(stream& of) {
  for (const auto& append : std::exchange(of.appends, {}))
    lane_.deliver(append.reply, disk_failure());
  for (const auto& reply : std::exchange(of.finishes, {}))
    lane_.deliver(reply, disk_failure());
}

void log_directory_shell::seal(const key& which, stream& of) {
  if (of.state.sealed || std::exchange(of.sealing, true))
    return;
  off_lane([spool = of.spool, keep = !of.resolved.empty()] { return spool->finish(keep); },
           [this, which](bool marked) {
             auto& sealed = logs_.at(which);
             sealed.sealing = false;
             if (!marked)
               return fail_waiting(sealed);
             sealed.state.sealed = true;
             if (!std::exchange(sealed.resolved, {}).empty() && options_.on_abandoned)
               options_.on_abandoned(which.first, which.second);
             for (const auto& reply : std::exchange(sealed.finishes, {}))
               lane_.deliver(reply, offset_answer(sealed.state.size));
           });
}

// -- reading --------------------------------------------------------------------------------------

void log_directory_shell::join(follow_log& command) {
  const key which{command.task, command.run};
  const reading_follower joined{command.follower, command.lane};
  with_log(which, false,
           [this, which, joined, offset = command.offset, lines = command.tail_lines,
            part = command.part](stream* of) {
             if (of == nullptr)
               on_follower(joined, [](log_follower& follower) { follower.on_missing(); });
             else if (part)
               join_part(which, *of, joined, part);
             else if (lines != 0)
               join_tail(which, *of, joined, lines);
             else
               join_at(which, *of, joined, offset);
           });
}

void log_directory_shell::join_tail(const key& which, stream& of, const reading_follower& joined,
                                    std::uint32_t lines) {
  const auto search = find_tail(of.state, lines);
  if (search.lines_left == 0 || search.offset == 0)
    return join_at(which, of, joined, search.offset);
  off_lane([spool = of.spool, search] { return spool->find_tail(search); },
           [this, which, joined](std::uint64_t offset) {
             // It may have left the memory meanwhile.
             with_log(which, false, [this, which, joined, offset](stream* still) {
               if (still == nullptr)
                 on_follower(joined, [](log_follower& follower) { follower.on_missing(); });
               else
                 join_at(which, *still, joined, offset);
             });
           });
}

void log_directory_shell::join_part(const key& which, stream& of, const reading_follower& joined,
                                    const std::function<log_part(std::uint64_t)>& choose) {
  const auto part = choose(of.state.size);
  on_follower(joined, [part, size = of.state.size, whole = of.state.finished](
                          log_follower& follower) { follower.on_part(part, size, whole); });
  if (part.begin < part.end)
    join_at(which, of, joined, part.begin, part.end);
}

void log_directory_shell::join_at(const key& which, stream& of, const reading_follower& joined,
                                  std::uint64_t offset, std::uint64_t until) {
  // Nothing yet, but the log is there.
  on_follower(joined, [offset](log_follower& follower) {
    follower.on_bytes(offset, std::make_shared<const std::string>());
  });
  const auto number = ++last_number_;
  of.followers.emplace(number, joined);
  of.state.readers.push_back({number, offset, 0, false, until});
  tell_all(which, of);
}

void log_directory_shell::ready(follower_ready& command) {
  const key which{command.task, command.run};
  const auto known = logs_.find(which);
  if (known == logs_.end())
    return;
  auto& of = known->second;
  for (std::size_t i = 0; i < of.state.readers.size(); ++i) {
    auto& reader = of.state.readers[i];
    if (of.followers.at(reader.number).follower.get() != command.follower)
      continue;
    if (command.gone) {
      of.followers.erase(reader.number);
      of.state.readers.erase(of.state.readers.begin() + static_cast<std::ptrdiff_t>(i));
      of.last_used = lane_.now();
    } else {
      caught_up(reader);
      tell_all(which, of);
    }
    return;
  }
}

void log_directory_shell::tell_all(const key& which, stream& of) {
  for (auto& reader : of.state.readers)
    tell(which, of, reader);
  for (std::size_t i = of.state.readers.size(); i > 0; --i)
    if (is_done(of.state, of.state.readers[i - 1]))
      end_reader(of, i - 1, &log_follower::on_end);
}

void log_directory_shell::tell(const key& which, stream& of, log_reader& reader) {
  while (const auto piece = next_for(of.state, reader)) {
    if (!piece->bytes)
      return read_piece(which, of, reader, *piece);
    told(reader, piece->length);
    on_follower(of.followers.at(reader.number), [piece = *piece](log_follower& follower) {
      follower.on_bytes(piece.offset, piece.bytes);
    });
  }
}

void log_directory_shell::read_piece(const key& which, stream& of, log_reader& reader,
                                     const next_piece& wanted) {
  reader.reading = true;
  off_lane([spool = of.spool, wanted] { return spool->read(wanted.offset, wanted.length); },
           [this, which, number = reader.number](const std::string& bytes) {
             piece_read(which, number, bytes);
           });
}

void log_directory_shell::piece_read(const key& which, std::uint64_t number,
                                     const std::string& bytes) {
  const auto known = logs_.find(which);
  if (known == logs_.end())
    return;
  auto& of = known->second;
  const auto reader = std::find_if(of.state.readers.begin(), of.state.readers.end(),
                                   [number](const log_reader& r) { return r.number == number; });
  if (reader == of.state.readers.end())
    return;
  reader->reading = false;
  if (bytes.empty())  // somebody cut the file
    return end_reader(of, static_cast<std::size_t>(reader - of.state.readers.begin()),
                      &log_follower::on_missing);
  const auto offset = reader->next;
  told(*reader, bytes.size());
  on_follower(of.followers.at(number),
              [offset, piece = std::make_shared<const std::string>(bytes)](log_follower& follower) {
                follower.on_bytes(offset, piece);
              });
  tell_all(which, of);
}

void log_directory_shell::end_reader(stream& of, std::size_t index, void (log_follower::*how)()) {
  const auto reader = of.state.readers.begin() + static_cast<std::ptrdiff_t>(index);
  const auto told = of.followers.extract(reader->number);
  of.state.readers.erase(reader);
  of.last_used = lane_.now();
  on_follower(told.mapped(), [how](log_follower& follower) { (follower.*how)(); });
}

// Followers are told on their own lane, and never from within: what they say to it comes later.
void log_directory_shell::on_follower(const reading_follower& of,
                                      std::function<void(log_follower&)> what) {
  auto& where = of.lane == lane_.index() ? lane_ : lane_.peer(of.lane);
  where.post([follower = of.follower, what = std::move(what)] { what(*follower); });
}

// -- what time brings -----------------------------------------------------------------------------

void log_directory_shell::arm() {
  if (quiet_timer_ == 0 && !logs_.empty())
    quiet_timer_ = lane_.add_timer(lane_.now() + options_.quiet_time, quiet_alarm_);
}

// Quiet logs leave the memory; they come back from their spools.
void log_directory_shell::look_around() {
  quiet_timer_ = 0;
  const auto limit = lane_.now() - options_.quiet_time;
  for (auto at = logs_.begin(); at != logs_.end();) {
    auto& of = at->second;
    const bool busy = of.state.writing || of.sealing || of.state.spooled != of.state.size ||
                      of.state.finished != of.state.sealed || !of.resolved.empty();
    if (of.last_used > limit || busy) {
      ++at;
      continue;
    }
    release_memory(of.state);
    at = of.state.readers.empty() ? logs_.erase(at) : std::next(at);
  }
  arm();
}

void log_directory_shell::sweep_files() {
  off_lane(
      [options = options_] {
        remove_old_spools(options.directory, options.unfinished_lasts.count(),
                          options.finished_lasts.count());
        return true;
      },
      [this](bool) { sweep_timer_ = lane_.add_timer(lane_.now() + sweep_interval, sweep_alarm_); });
}

}  // namespace troupe
