#pragma once

#include "messages/api_error.hpp"
#include "workers/engines/container/podman.hpp"

#include <string>
#include <vector>

namespace troupe {

/// A podman of a task's own, behind the socket at which programs look for docker. It runs in a
/// container beside that of the task, as root of nothing but a range of users that exist nowhere
/// else: what it is asked for, privileged containers included, has no right on this machine, and
/// the only directory of the machine that it can write is its own.
class nested_podman {
 public:
  /// `directory` is for what it keeps; it must not be there yet. `name` is that of its container,
  /// `owner` the worker's for its label.
  nested_podman(const podman& program, std::string directory, std::string name, std::string owner);
  ~nested_podman();
  nested_podman(const nested_podman&) = delete;
  nested_podman& operator=(const nested_podman&) = delete;

  /// Makes its directories; the error says what is wrong.
  outcome<void> make();

  /// Runs a container within it to see whether that works here.
  outcome<void> try_out();

  /// What podman is told for the container of the task.
  std::vector<std::string> words() const;

  /// The command that starts it, and then becomes `command`.
  std::vector<std::string> before(const std::vector<std::string>& command);

  /// Whether it was started and did not come up, so that the command was not run either.
  bool failed() const;

  /// Removes its container; false when that cannot be. Nothing of it must run any more.
  bool remove();

 private:
  std::vector<std::string> container(const std::string& script, bool detached) const;

  const podman& program_;
  const std::string directory_;
  const std::string name_;
  const std::string owner_;
  const std::string root_;
  unsigned first_user_;
  bool started_ = false;
};

/// Says whether tasks can have podmans of their own on this machine; the error says what is
/// missing.
outcome<void> try_nested_podman(const podman& program);

}  // namespace troupe
