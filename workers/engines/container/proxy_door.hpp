#pragma once

#include "runtime/files/descriptor.hpp"
#include "workers/engines/engine.hpp"

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

/// Lets the task proxy into a container that has a network of its own: a hook of the runtime waits,
/// before anything of the image runs, until there is a listener in the container's network. It
/// needs no port on any other network, and nobody else reaches it.
class proxy_door {
 public:
  /// Writes the hook below the directory, and waits for it on a thread. The first container that
  /// is started with it gets a listener at `place`, which is given to `serve`.
  proxy_door(const std::string& directory, proxy_place place, proxy_server serve);
  ~proxy_door();
  proxy_door(const proxy_door&) = delete;
  proxy_door& operator=(const proxy_door&) = delete;

  /// What podman is told before its command.
  const std::vector<std::string>& words() const { return words_; }

  /// Why the container was kept from starting; empty when it was not.
  std::string trouble() const;

 private:
  void wait_for_container();
  bool take_state(std::string& state) const;
  bool open_for(const std::string& state);
  void complain(const std::string& what);

  const proxy_place place_;
  const proxy_server serve_;
  std::vector<std::string> words_;
  descriptor asked_;   // what the hook says
  descriptor answer_;  // what it hears
  descriptor ending_;  // readable when nobody waits any more
  mutable std::mutex guard_;
  std::string trouble_;  // guarded
  std::thread waiting_;
};

/// Whether containers on this network, as podman names it, have one of their own: not the
/// machine's, nor one that was there before.
bool is_network_of_its_own(const std::string& network);

}  // namespace troupe
