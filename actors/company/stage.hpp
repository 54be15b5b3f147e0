#pragma once

#include "actors/auth/auth_state.hpp"
#include "actors/provisioner/machine_launcher.hpp"
#include "actors/task/task_rules.hpp"
#include "actors/worker_type/worker_type_state.hpp"
#include "messages/blob_place.hpp"
#include "messages/ids.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/store/lane_store.hpp"
#include "runtime/store/shard.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace troupe {

class copier;
class object_stores;
class secret_ring;
struct mirror_settings;

/// What the actors of a node share: settings, and what they need of the outside, as functions so
/// that tests can put in their own. Each lane has its own, which outlives its actors; only the
/// claim timeout may change while they run.
struct company_parts {
  task_settings task;
  std::chrono::milliseconds claim_wait{20'000};
  /// A resolved task nobody asked for leaves memory after this time.
  std::chrono::milliseconds quiet_time{5'000};
  /// One that waits, for a worker or for other tasks, leaves it after this time.
  std::chrono::milliseconds rest_time{30'000};
  /// What a worker's record learned is written after this time; one that was not seen for the other
  /// leaves memory.
  std::chrono::milliseconds worker_write_interval{1'000};
  std::chrono::milliseconds worker_quiet_time{300'000};
  /// Records of workers and queues are deleted so long after they expired.
  std::chrono::milliseconds expiration_delay{1'800'000};

  /// The worker pools, and how machines are started, by providerId.
  std::vector<pool_settings> pools;
  std::map<std::string, machine_launcher*, std::less<>> launchers;

  /// Clients and roles by configuration, and who takes snapshots of all of them; `done`, which may
  /// be empty, is called on lane 0 when requests on all lanes go by it.
  auth_setup auth;
  std::function<void(outcome<auth_snapshot_ptr>, std::function<void()> done)> publish_snapshot;

  /// Credentials of a run for its worker, as a finished JSON object (queue contract 8.2).
  std::function<std::string(const task_id&, run_id, const worker_name&, timestamp now,
                            timestamp taken_until, const std::vector<std::string>& task_scopes)>
      credentials;

  /// Checks the scopes of schedule, rerun and cancel; the error is the 403.
  std::function<outcome<void>(const caller&, std::string_view verb, const task_id&,
                              const task_definition&)>
      authorise_on_task;

  /// Checks the scopes of changeTaskPriority, of claimTask by that worker, and of sealTaskGroup,
  /// cancelTaskGroup and changeTaskGroupPriority (`verb`); the errors are the 403.
  std::function<outcome<void>(const caller&, const task_id&, const task_definition&)>
      authorise_priority;
  std::function<outcome<void>(const caller&, const task_queue_id&, const worker_name&)>
      authorise_claim;
  std::function<outcome<void>(const caller&, std::string_view verb, std::string_view scheduler_id,
                              const task_group_id&)>
      authorise_on_group;

  /// Checks that the caller may read artifacts of all these names; the error is the 403.
  std::function<outcome<void>(const caller&, const std::vector<std::string>& names)>
      authorise_artifacts;

  /// The bucket of the data of a new s3 artifact of that name; empty: the local store.
  std::function<std::string(std::string_view name)> bucket_for = [](std::string_view) {
    return std::string{};
  };
  /// URLs of the stores: where to put the data, and where to get them, by way of a CDN unless
  /// `skip_cdn`. Empty for a bucket of a store, or a backend, that is no longer configured.
  std::function<std::string(const blob_place& at, const std::string& content_type, timestamp now,
                            timestamp until)>
      put_url;
  std::function<std::string(const blob_place& at, timestamp now, timestamp until, bool skip_cdn)>
      get_url;
  /// Removes the data, and then calls back on the lane; fine when there are none. Failures are
  /// logged already.
  std::function<void(lane&, std::vector<blob_place> places,
                     std::function<void(outcome<void>)> done)>
      remove_blobs;
  /// Puts these bytes into the local store, as if they had been uploaded, and then calls back on
  /// the lane.
  std::function<void(lane&, const std::string& key, const std::string& content_type,
                     const std::string& bytes, std::function<void(outcome<void>)> done)>
      put_upload;
  /// Moves what was uploaded to the local store to its final key there, and then calls back on the
  /// lane; fine when it is there already, a 400 when nothing was uploaded, or when it is known to
  /// have other hashes.
  std::function<void(lane&, const std::string& from, const std::string& to,
                     const std::string& hashes, std::function<void(outcome<void>)> done)>
      keep_upload;
  /// Where objects are kept; null: nowhere.
  const object_stores* objects = nullptr;
  /// Copies at other sites, and who makes them; null: there are none.
  const mirror_settings* mirrors = nullptr;
  copier* copies = nullptr;

  /// Temporary credentials for one object, with one scope, as a finished JSON object.
  std::function<std::string(const std::string& client_id, const std::string& scope, timestamp now,
                            timestamp until)>
      object_credentials;

  /// The keys of secrets.
  const secret_ring* secrets = nullptr;
  /// Ends the server, because it cannot serve what Redis holds; the text says what to do.
  std::function<void(std::string why)> give_up;
};

/// Where an actor stands: its lane, the way to the others, and what all share.
struct stage {
  lane& on;
  switchboard& board;
  const company_parts& parts;

  lane_store& store() const { return on.store(); }
};

}  // namespace troupe
