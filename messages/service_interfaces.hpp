#pragma once

// The part of `messages/interfaces.hpp` that has the services: one of each in a node, on its first
// lane, with records of their own.

#include "messages/auth_commands.hpp"
#include "messages/index_commands.hpp"
#include "messages/maintenance_commands.hpp"
#include "messages/mirror_commands.hpp"
#include "messages/object_commands.hpp"
#include "messages/purge_commands.hpp"
#include "messages/secret_commands.hpp"

#include <caf/all.hpp>

namespace troupe {

/// The owner of clients and roles; gateways work with the snapshots it publishes.
using auth_actor = caf::typed_actor<
    // Read clients and roles, and publish.
    caf::result<void>(open_auth),
    // Answer a client, a role, a page of them, or a history.
    caf::result<void>(read_auth),
    // Create or change a client.
    caf::result<void>(change_client),
    // Create or change a role.
    caf::result<void>(change_role),
    // A client was used, for the first time in a while.
    caf::result<void>(client_used),
    // A client may have expired.
    caf::result<void>(auth_timer_fired),
    // Remove what has expired, as of a time.
    caf::result<void>(expire_now)>;

/// The secrets, sealed.
using secrets_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_secrets),
    // Create or replace one.
    caf::result<void>(set_secret),
    // Remove one.
    caf::result<void>(remove_secret),
    // Answer one's value.
    caf::result<void>(get_secret),
    // Answer a page of names.
    caf::result<void>(list_secrets),
    // Go over to the newest key.
    caf::result<void>(reseal_secrets),
    // One may have expired.
    caf::result<void>(secrets_timer_fired),
    // Somebody wants what expired to go at once.
    caf::result<void>(expire_now)>;

/// The index: paths and the tasks they lead to, put in by requests and by routes of completed
/// tasks.
using index_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_index),
    // Go through the event log.
    caf::result<void>(catch_up_index),
    // Put an entry in.
    caf::result<void>(insert_indexed),
    // Take one out.
    caf::result<void>(delete_indexed),
    // Answer one.
    caf::result<void>(find_indexed),
    // Answer several.
    caf::result<void>(find_all_indexed),
    // Answer a page of a namespace.
    caf::result<void>(list_indexed),
    // A task with routes was completed.
    caf::result<void>(index_completed),
    // So far the event log was told.
    caf::result<void>(index_told),
    // The definition of such a task.
    caf::result<void>(index_definition),
    // Entries may have expired.
    caf::result<void>(index_timer_fired),
    // Somebody wants what expired to go at once.
    caf::result<void>(expire_now)>;

/// Which caches workers are to drop.
using purge_cache_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_purge_requests),
    // A cache is to be dropped.
    caf::result<void>(request_purge),
    // Answer a page of all requests.
    caf::result<void>(list_purge_requests),
    // Answer those of a pool.
    caf::result<void>(find_purge_requests),
    // One may have expired.
    caf::result<void>(purge_timer_fired)>;

/// The objects that are not of artifacts: whose they are, where their data are, how long they stay.
using object_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_objects),
    // Reserve a name, and say how its data come.
    caf::result<void>(create_object),
    // The data are there.
    caf::result<void>(finish_object),
    // Somebody wants the data, or to know of them.
    caf::result<void>(find_object),
    // One may have expired.
    caf::result<void>(objects_timer_fired),
    // Somebody wants what expired to go at once.
    caf::result<void>(expire_now)>;

/// The keeper of copies at other sites: who is sent to which, when one is made, how long it stays.
using mirror_actor = caf::typed_actor<
    // Read what Redis holds.
    caf::result<void>(open_mirrors),
    // Somebody at a site wants data.
    caf::result<void>(find_copy),
    // The data are gone.
    caf::result<void>(forget_copies),
    // Somebody wants a copy gone.
    caf::result<void>(purge_copy),
    // Something may be due.
    caf::result<void>(mirrors_timer_fired)>;

}  // namespace troupe
