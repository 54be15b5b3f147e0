#pragma once

#include "messages/ids.hpp"
#include "runtime/events/event.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// What a task that becomes pending will read. Pure.

/// A task that became pending, and where.
struct pending_task {
  task_id id;
  std::string queue;  ///< its taskQueueId
};

/// The task of an event `task-pending`; nothing for other events.
std::optional<pending_task> pending_task_of(const event& what);

/// An artifact of the latest run of a task.
struct needed_artifact {
  task_id task;
  std::string name;

  friend bool operator==(const needed_artifact&, const needed_artifact&) = default;
};

/// The artifacts that the mounts of a task's payload name; `definition` is its JSON.
std::vector<needed_artifact> mounted_artifacts(std::string_view definition);

/// The tasks that it depends on.
std::vector<task_id> required_tasks(std::string_view definition);

/// The names of a page of listArtifacts that can have copies, without logs.
std::vector<std::string> copyable_names(std::string_view page);

}  // namespace troupe
