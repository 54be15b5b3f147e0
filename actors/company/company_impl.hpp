#pragma once

#include "actors/company/company.hpp"
#include "actors/index/index_listener.hpp"
#include "actors/task_graph/task_graph_actor.hpp"
#include "actors/task_group/task_group_actor.hpp"
#include "actors/task_shard/task_shard_actor.hpp"
#include "messages/interfaces.hpp"
#include "runtime/lane/caf_compat.hpp"
#include "runtime/lane/switchboard_handles.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// The inside of a lane's company; known to its own sources only.
struct lane_company::impl {
  impl(caf::actor_system& actors, lane& on, switchboard& board, const company_parts& parts)
      : system(actors), own(parts), where{on, board, own}, events_for_index(on, board) {}

  switchboard::handles& directory() { return where.board.directory(); }
  std::uint16_t index() const { return where.on.index(); }

  /// Tells an actor of this lane, if it is there.
  template <class Handle, class Command>
  void tell(const Handle& to, Command&& command) {
    if (to)
      where.on.executor().post(to, std::forward<Command>(command));
  }

  /// Puts another actor into the place of one that failed, tells it first what it is, and lets the
  /// failed one go, which hands over what it kept.
  template <class Handle, class Make, class... Opening>
  void succeed(Handle& place, Make make, Opening... opening) {
    if (leaving)
      return;
    const auto failed = std::exchange(place, make());
    (tell(place, std::move(opening)), ...);
    act::dismiss(where.on.executor(), failed);
  }

  task_shard_actor make_shard(std::uint16_t shard);
  group_directory_actor make_groups();
  graph_directory_actor make_graphs();
  queue_directory_actor make_queues();
  queue_register_actor make_register();
  worker_directory_actor make_workers();
  pool_directory_actor make_pools();
  provisioner_actor make_provisioner(const std::string& provider, machine_launcher& launcher);
  auth_actor make_auth();
  secrets_actor make_secrets();
  index_actor make_index();
  purge_cache_actor make_purge_cache();
  object_actor make_objects();
  mirror_actor make_mirror();
  void spawn_stores();
  void open_stores();

  /// Recovery fills the directories before their first message; both happen on the lane's thread.
  task_shard_shell& shell_of_shard(std::uint16_t shard);
  group_directory_shell& shell_of_groups();
  graph_directory_shell& shell_of_graphs();

  void recover_service_streams(std::function<void()> done);
  void resume_stream(std::uint16_t stream, const redis_reply& newest, const redis_reply& length,
                     const redis_reply& emptied);
  void read_graphs(std::function<void()> then);
  void take_graphs(const std::vector<task_graph_id>& ids, std::vector<redis_reply>& replies);
  void read_ids(std::function<void(std::string)> known);
  void take_ids(std::uint16_t shard, std::vector<redis_reply>& replies);
  void ask_rows();
  void ask_outlines();
  void take_outlines(const std::vector<task_id>& ids, std::vector<redis_reply>& replies);
  void ask_whole();
  void take_rows(const std::vector<task_id>& ids, std::vector<redis_reply>& replies);

  void erase_keys(std::string_view cursor, bool erased, std::function<void()> done);
  void take_keys(const redis_reply& reply, bool erased, const std::function<void()>& done);
  bool is_erasable(std::string_view key) const;

  caf::actor_system& system;
  company_parts own;  // settings may change on each lane
  stage where;
  std::vector<std::uint16_t> shards;
  bool leaving = false;
  bool tasks_known = false;  // every lane has recovered
  index_listener events_for_index;
  bool hears_launchers = false;
  bool hears_events = false;

  // Of recovery.
  std::size_t shards_missing = 0;
  std::string unexpected;                // the first thing in Redis that should not be there
  std::map<task_graph_id, bool> graphs;  // under way when the server ended: whether decided
  std::vector<task_id> live;
  std::size_t asked = 0;
  std::vector<task_id> whole;  // these are needed in memory
  std::size_t in_flight = 0;
  std::size_t resumed = 0;
  std::function<void(std::size_t)> ready;
};

}  // namespace troupe
