#pragma once

#include "actors/company/stage.hpp"
#include "actors/mirror/mirror_rules.hpp"
#include "messages/interfaces.hpp"
#include "runtime/mirrors/copier.hpp"
#include "runtime/supervision/service_actor.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The shell of the keeper of copies: rows are in memory and in Redis, copies are made and removed
/// by the copier. Whatever fails, who wants data is sent to where they are themselves.
class mirror_shell : public service_actor<mirror_actor, mirrors_timer_fired> {
 public:
  /// The stage has a copier and the settings of mirrors.
  mirror_shell(caf::actor_config& config, const stage& where, std::function<void()> successor);

  const char* name() const override { return "troupe.mirror"; }
  behavior_type make_behavior() override;

 private:
  /// A reader who waits for a copy.
  struct waiting_reader {
    find_copy command;
    timestamp until;
  };
  /// A copy that this server makes.
  struct copy_job {
    std::shared_ptr<copy_progress> progress;
    std::optional<std::uint64_t> size;
    timestamp renewed;
    std::vector<waiting_reader> readers;
  };

  void open();
  void take_row(std::string_view field, std::string_view text);
  bool begin();
  std::optional<timestamp> next_due() const override;
  void leave() override;

  void find(find_copy& command);
  void serve(find_copy& command);
  void forget(forget_copies& command);
  void purge(purge_copy& command);
  void on_time(mirrors_timer_fired& command);

  void send_there(const find_copy& command, const copy_id& id);
  void send_home(const find_copy& command);
  void want(const copy_id& id, const wanted_blob& blob);
  void start_next();
  void start(const copy_id& id, const wanted_blob& blob);
  void run(const copy_id& id, const wanted_blob& blob);
  void ended(const copy_id& id, const copy_result& result);
  void make_room(const copy_id& newest);
  void drop(const copy_id& id, timestamp then);
  void handle_due(const copy_id& id, timestamp now);
  void remove(const copy_id& id);
  void removed(const copy_id& id, const outcome<void>& gone);
  void renew_leases(timestamp now);
  void release_readers(timestamp now);

  const mirror_site_settings* site_of(const copy_id& id) const;
  void count(std::string_view site, std::atomic<std::uint64_t> site_counts::*what,
             std::uint64_t by = 1);
  void write(const copy_id& id, copy_row row);
  void erase(const copy_id& id);
  template <class Result, class Job>
  std::function<void(Result)> later(Job job);

  const stage& stage_;
  const mirror_settings& config_;
  copier& copier_;
  mirror_state state_;
  bool opened_ = false;  // it has read what Redis holds
  std::map<copy_id, copy_job> jobs_;
  std::set<copy_id> removing_;
  std::deque<std::pair<copy_id, wanted_blob>> wanted_;  // copies that are to be made, in order
  std::set<copy_id> wanted_ids_;
};

}  // namespace troupe
