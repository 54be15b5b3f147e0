#pragma once

#include "messages/interfaces.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/store/shard.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

namespace troupe {

/// Who answers for what: one task shard for each of the 64, one directory of queues, groups,
/// graphs, workers, pools and logs and one register for each lane, one actor for each provider and
/// each service. A handle is read and replaced on the lane of its actor only: supervision puts
/// another actor into the place of one that failed.
struct switchboard::handles {
  std::array<task_shard_actor, shard_count> task_shards;
  std::vector<queue_directory_actor> queues;
  std::vector<group_directory_actor> groups;
  std::vector<graph_directory_actor> graphs;
  std::vector<worker_directory_actor> workers;
  std::vector<queue_register_actor> registers;  ///< on the lane of their queues
  std::vector<pool_directory_actor> pools;      ///< on the lane of their queues
  std::vector<log_directory_actor> logs;
  std::vector<log_keeper_actor> log_keepers;
  /// By their ids, which never change; on lane 0, as all services are.
  std::map<std::string, provisioner_actor, std::less<>> provisioners;
  auth_actor auth;
  secrets_actor secrets;
  index_actor index;
  purge_cache_actor purge_cache;
  object_actor objects;
  mirror_actor mirror;  ///< null: there are no copies at other sites
};

}  // namespace troupe
