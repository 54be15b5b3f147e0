#pragma once

#include "actors/company/stage.hpp"
#include "actors/task/artifact_places.hpp"
#include "actors/task/artifact_rows.hpp"

namespace troupe {

// What is answered for a task that does not exist. Commands that nobody waits for need none.

/// The 404 of an unknown task.
inline api_error unknown_task(const task_id& id) {
  return make_api_error(error_code::resource_not_found,
                        "Task " + id.str() +
                            " does not exist. It was never created, or it has expired; check the "
                            "taskId.");
}

/// Methods answer 404.
template <class Command>
requires requires(Command& c) { c.reply; }
void answer_absent(const stage& where, Command& command) {
  where.on.deliver(command.reply, answer{unknown_task(command.task)});
}

/// For createArtifact an unknown task is bad input (queue contract 7.2).
inline void answer_absent(const stage& where, create_artifact& command) {
  auto error = unknown_task(command.task);
  error.code = error_code::input_error;
  where.on.deliver(command.reply, answer{std::move(error)});
}

/// Who may not read the artifact's name hears that first (queue contract 7.4).
inline void answer_absent(const stage& where, get_artifact& command) {
  auto allowed = where.parts.authorise_artifacts(*command.by, {command.name});
  where.on.deliver(command.reply,
                   answer{allowed ? unknown_task(command.task) : std::move(allowed).error()});
}

/// The artifact outlived its task, which only data that a crash left behind do.
inline void answer_absent(const stage& where, expire_artifact& command) {
  const auto key = artifact_key(command.task, command.run, command.name);
  where.parts.remove_blobs(
      where.on, every_place(where, command.name, key), [&where, command](outcome<void> done) {
        if (done) {
          forget_artifact(where.store(), command.task, command.run, command.name);
          forget_artifact_copies(where, command.task, command.run, command.name);
        }
        where.board.tell(where.on,
                         artifact_expired{command.task, command.sweep,
                                          done ? expiry_result::removed : expiry_result::failed});
      });
}

/// A dependency that does not exist.
inline void answer_absent(const stage& where, reserve_dependent& command) {
  dependency_state result;
  result.task = command.dependent;
  result.required = command.task;
  where.board.tell(where.on, std::move(result));
}

/// A membership that a crash left behind.
inline void answer_absent(const stage& where, change_member& command) {
  where.board.tell(
      where.on, member_changed{command.group, command.task, command.work, member_outcome::absent});
}

/// The dependent is gone: there is nobody left to be told.
inline void answer_absent(const stage& where, dependency_resolved& command) {
  where.board.tell(where.on,
                   effect_acknowledged{command.required, effect_receiver::dependent, command.task});
}

/// A member of a graph that is none: it cannot be created, and has nothing left to be removed.
inline void answer_absent(const stage& where, prepare_member& command) {
  where.board.tell(
      where.on,
      member_advanced{command.graph, command.task, graph_step::prepare,
                      std::make_shared<const api_error>(make_api_error(
                          error_code::internal_server_error, "it failed while it was created"))});
}
inline void answer_absent(const stage& where, advance_member& command) {
  std::shared_ptr<const api_error> problem;
  if (command.step == graph_step::write)
    problem = std::make_shared<const api_error>(
        make_api_error(error_code::internal_server_error, "it failed while it was created"));
  where.board.tell(where.on, member_advanced{command.graph, command.task, command.step, problem});
}

/// Commands by which a task comes into being.
template <class Command>
inline constexpr bool makes_a_task =
    std::is_same_v<Command, create_task> || std::is_same_v<Command, prepare_member>;

/// Nobody waits for an answer to these.
template <class Command>
requires(!requires(Command & c) { c.reply; }) void answer_absent(const stage&, Command&) {}

}  // namespace troupe
