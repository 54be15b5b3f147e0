#include "actors/mirror/mirror_actor.hpp"

#include "runtime/log/log.hpp"

#include <utility>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view rows_key = "troupe:{mirror}:copies";
// So many at a time, so that others have their turn between them.
constexpr std::size_t most_handled = 100;
constexpr std::size_t most_wanted = 10'000;
constexpr auto tried_again_after = 60s;

std::string told(const copy_id& id) {
  return "the copy of '" + id.second + "' at site '" + id.first + "'";
}

}  // namespace

mirror_shell::mirror_shell(caf::actor_config& config, const stage& where,
                           std::function<void()> successor)
    : service_actor(config, where.on, where.board, "keeper of copies", std::move(successor)),
      stage_(where),
      config_(*where.parts.mirrors),
      copier_(*where.parts.copies) {}

mirror_shell::behavior_type mirror_shell::make_behavior() {
  using self = mirror_shell;
  return {
      opens<open_mirrors>(&self::open),
      // Nobody who wants data waits for this actor to read, or for a successor.
      [this, guarded = receive(&self::find)](find_copy& command) {
        if (!opened_ || guard_.failed())
          return send_home(command);
        guarded(command);
      },
      receive(&self::forget),
      receive(&self::purge),
      receive(&self::on_time),
  };
}

// -- the beginning and the end --------------------------------------------------------------------

void mirror_shell::open() {
  using self = mirror_shell;
  read<self>({{rows_key, &self::take_row}}, &self::begin);
}

void mirror_shell::take_row(std::string_view field, std::string_view text) {
  const auto id = read_copy_field(field);
  auto row = read_copy_row(text);
  if (id && row)
    return apply_copy(state_, site_of(*id), *id, std::move(*row));
  log_message(severity::error,
              "the record of copy '" + std::string{field} + "' cannot be read: it was changed");
}

bool mirror_shell::begin() {
  opened_ = true;
  return true;
}

// Copies that are under way are let go: their leases run out, and whoever comes then begins anew.
void mirror_shell::leave() {
  for (auto& [id, under_way] : jobs_) {
    under_way.progress->unwanted = true;
    for (const auto& reader : under_way.readers)
      stage_.on.deliver(reader.command.reader, reader.command.form(reader.command.canonical_url,
                                                                   reader.command.canonical_until));
  }
  jobs_.clear();
  wanted_.clear();
  wanted_ids_.clear();
  removing_.clear();
  state_ = {};
}

// -- what all need --------------------------------------------------------------------------------

const mirror_site_settings* mirror_shell::site_of(const copy_id& id) const {
  return site_called(config_, id.first);
}

void mirror_shell::count(std::string_view site, std::atomic<std::uint64_t> site_counts::*what,
                         std::uint64_t by) {
  if (const auto at = copier_.counts().find(site); at != copier_.counts().end())
    (at->second.*what).fetch_add(by, std::memory_order_relaxed);
}

void mirror_shell::write(const copy_id& id, copy_row row) {
  commit(
      [&](resp_writer& to) { to.command("HSET", rows_key, copy_field(id), copy_row_text(row)); });
  apply_copy(state_, site_of(id), id, std::move(row));
}

void mirror_shell::erase(const copy_id& id) {
  commit([&](resp_writer& to) { to.command("HDEL", rows_key, copy_field(id)); });
  apply_absence(state_, id);
}

// What the copier tells comes by its thread; a successor knows nothing of it.
template <class Result, class Job>
std::function<void(Result)> mirror_shell::later(Job work) {
  return [this, &on = stage_.on, self = own_handle(), work](Result result) {
    on.post([this, self, work, result = std::move(result)] {
      if (guard_.failed())
        return;
      guard_.attempt([&] {
        work(result);
        arm_timer();
      });
    });
  };
}

// -- readers --------------------------------------------------------------------------------------

void mirror_shell::find(find_copy& command) {
  try {
    serve(command);
  } catch (...) {
    send_home(command);
    throw;
  }
}

void mirror_shell::serve(find_copy& command) {
  const auto now = stage_.on.now();
  const auto* site = site_called(config_, command.site);
  if (site == nullptr)
    return send_home(command);
  const copy_id id{site->id, command.blob.name};
  switch (decide_use(state_, *site, command.blob, now)) {
    case copy_use::serve:
      if (auto row = used_copy(state_, *site, id, command.blob.expires, now))
        write(id, std::move(*row));
      return send_there(command, id);
    case copy_use::begin:
      want(id, command.blob);
      break;
    case copy_use::join:
      break;
    case copy_use::none:
      return send_home(command);
  }
  const auto under_way = jobs_.find(id);
  if (under_way == jobs_.end() || !worth_waiting(state_, config_, site->id, command.blob.size,
                                                 under_way->second.progress->bytes))
    return send_home(command);
  under_way->second.readers.push_back(
      {std::move(command), now + std::chrono::seconds{config_.longest_wait_s}});
}

void mirror_shell::send_there(const find_copy& command, const copy_id& id) {
  const auto now = stage_.on.now();
  const auto until = now + std::chrono::seconds{config_.url_lasts_s};
  count(id.first, &site_counts::sent_to_copy);
  reply(
      command.reader,
      command.form(copier_.get_url(id.first, mirror_key(id.first, id.second), now, until), until));
}

void mirror_shell::send_home(const find_copy& command) {
  count(command.site, &site_counts::sent_to_source);
  stage_.on.deliver(command.reader, command.form(command.canonical_url, command.canonical_until));
}

void mirror_shell::release_readers(timestamp now) {
  for (auto& [id, under_way] : jobs_)
    std::erase_if(under_way.readers, [&](const waiting_reader& reader) {
      if (reader.until > now)
        return false;
      send_home(reader.command);
      return true;
    });
}

// -- making copies --------------------------------------------------------------------------------

void mirror_shell::want(const copy_id& id, const wanted_blob& blob) {
  if (wanted_ids_.contains(id) || wanted_.size() >= most_wanted)
    return;
  wanted_ids_.insert(id);
  wanted_.emplace_back(id, blob);
  start_next();
}

void mirror_shell::start_next() {
  while (jobs_.size() < config_.copies_at_once && !wanted_.empty()) {
    const auto [id, blob] = std::move(wanted_.front());
    wanted_.pop_front();
    wanted_ids_.erase(id);
    const auto* site = site_of(id);
    if (site != nullptr && decide_use(state_, *site, blob, stage_.on.now()) == copy_use::begin)
      start(id, blob);
  }
}

// The lease is safe before anything is copied, so that after a crash it is known what may be there.
void mirror_shell::start(const copy_id& id, const wanted_blob& blob) {
  const auto now = stage_.on.now();
  write(id, begun_copy(state_, config_, id, blob.expires, now));
  jobs_[id] = {std::make_shared<copy_progress>(), blob.size, now, {}};
  stage_.store().when_safe(written(), [this, self = own_handle(), id, blob] {
    if (!guard_.failed())
      guard_.attempt([&] { run(id, blob); });
  });
}

void mirror_shell::run(const copy_id& id, const wanted_blob& blob) {
  const auto at = jobs_.find(id);
  const auto* site = site_of(id);
  if (at == jobs_.end() || site == nullptr)
    return;
  if (at->second.progress->unwanted)
    return ended(id, {"it is no longer wanted"});
  at->second.progress = copier_.copy(
      {id.first, mirror_key(id.first, id.second), blob.source, blob.sha256, site->largest_bytes},
      later<copy_result>([this, id](const copy_result& result) { ended(id, result); }));
}

void mirror_shell::ended(const copy_id& id, const copy_result& result) {
  auto ending = jobs_.extract(id);
  if (ending.empty())
    return;
  const auto now = stage_.on.now();
  const auto* copy = known_copy(state_, id);
  const bool wanted = copy != nullptr && copy->row.phase == copy_phase::copying;
  const bool good = wanted && result.trouble.empty();
  if (good) {
    write(id, arrived_copy(*copy, result.bytes, now));
    note_speed(state_, id.first, result.bytes, result.took);
    count(id.first, &site_counts::made);
    count(id.first, &site_counts::bytes, result.bytes);
    make_room(id);
  } else if (wanted) {
    log_message(severity::warning,
                told(id) + " was not made, and is tried again later: " + result.trouble);
    count(id.first, &site_counts::failed);
    write(id, failed_copy(*copy, config_, result.trouble, result.lasting, now));
  }
  for (const auto& reader : ending.mapped().readers) {
    if (good)
      send_there(reader.command, id);
    else
      send_home(reader.command);
  }
  if (copy != nullptr && copy->row.phase == copy_phase::leaving)
    handle_due(id, now);  // it waited for this
  start_next();
}

void mirror_shell::make_room(const copy_id& newest) {
  const auto then = stage_.on.now() + std::chrono::seconds{config_.url_lasts_s};
  if (const auto* site = site_of(newest))
    for (const auto& id : without_room(state_, *site, newest.second)) {
      count(id.first, &site_counts::made_room);
      drop(id, then);
    }
}

// -- the end of copies ----------------------------------------------------------------------------

// Nobody is sent there from now on.
void mirror_shell::drop(const copy_id& id, timestamp then) {
  const auto* copy = known_copy(state_, id);
  if (copy == nullptr)
    return;
  if (const auto under_way = jobs_.find(id); under_way != jobs_.end())
    under_way->second.progress->unwanted = true;
  if (copy->row.phase == copy_phase::failed)
    return erase(id);
  write(id, leaving_copy(*copy, then));
}

void mirror_shell::forget(forget_copies& command) {
  for (const auto& id : copies_of(state_, config_, command.blob))
    drop(id, stage_.on.now());
}

void mirror_shell::purge(purge_copy& command) {
  if (site_called(config_, command.site) == nullptr)
    return reply(command.reply, answer{make_api_error(
                                    error_code::resource_not_found,
                                    "There is no site '" + command.site +
                                        "' with copies; the settings of the server name them.")});
  drop({command.site, command.blob}, stage_.on.now());
  reply(command.reply, answer{204, {}});
}

// -- time -----------------------------------------------------------------------------------------

std::optional<timestamp> mirror_shell::next_due() const {
  auto due = next_due_copy(state_);
  const auto sooner = [&due](timestamp then) { due = due ? std::min(*due, then) : then; };
  for (const auto& [id, under_way] : jobs_) {
    sooner(under_way.renewed + std::chrono::seconds{config_.lease_s} / 3);
    for (const auto& reader : under_way.readers)
      sooner(reader.until);
  }
  if (due)
    *due = *due + 1ms;
  return due;
}

void mirror_shell::on_time(mirrors_timer_fired&) {
  const auto now = stage_.on.now();
  release_readers(now);
  renew_leases(now);
  for (const auto& id : take_due(state_, now, most_handled))
    handle_due(id, now);
  start_next();
}

void mirror_shell::renew_leases(timestamp now) {
  for (auto& [id, under_way] : jobs_) {
    const auto* copy = known_copy(state_, id);
    if (copy == nullptr || copy->row.phase != copy_phase::copying ||
        under_way.renewed + std::chrono::seconds{config_.lease_s} / 3 > now)
      continue;
    under_way.renewed = now;
    write(id, begun_copy(state_, config_, id, copy->row.expires, now));
  }
}

void mirror_shell::handle_due(const copy_id& id, timestamp now) {
  const auto* copy = known_copy(state_, id);
  if (copy == nullptr)
    return;
  const auto leaves_after = std::chrono::seconds{config_.url_lasts_s};
  switch (copy->row.phase) {
    case copy_phase::failed:
      return erase(id);
    case copy_phase::present:
      count(id.first, &site_counts::had_its_time);
      return drop(id, now + leaves_after);
    case copy_phase::copying:
      // Of a server that ended: whatever it left behind goes first.
      if (jobs_.contains(id))
        return look_again(state_, id, now + leaves_after);
      return drop(id, now);
    case copy_phase::leaving:
      if (copy->row.until > now)
        return look_again(state_, id, copy->row.until);
      if (jobs_.contains(id))
        return look_again(state_, id, now + leaves_after);
      return remove(id);
  }
}

void mirror_shell::remove(const copy_id& id) {
  if (site_of(id) == nullptr) {
    log_message(severity::error, told(id) + " stays where it is: the site is not configured");
    return erase(id);
  }
  if (!removing_.insert(id).second)
    return;
  copier_.remove(
      id.first, mirror_key(id.first, id.second),
      later<outcome<void>>([this, id](const outcome<void>& gone) { removed(id, gone); }));
}

void mirror_shell::removed(const copy_id& id, const outcome<void>& gone) {
  removing_.erase(id);
  if (gone)
    return erase(id);
  log_message(severity::warning,
              told(id) + " was not removed, which is tried again later: " + gone.error().message);
  look_again(state_, id, stage_.on.now() + tried_again_after);
}

}  // namespace troupe
