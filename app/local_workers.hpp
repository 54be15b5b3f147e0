#pragma once

#include "actors/provisioner/machine_launcher.hpp"
#include "app/worker_process.hpp"
#include "runtime/auth/credentials.hpp"
#include "runtime/config/settings.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The error says why workers of this machine could not work as the settings want it.
outcome<void> check_local_workers(const settings& config, const std::string& data_dir);

/// What workers of this machine may do: claim from the queue, and what they need for its tasks.
std::vector<std::string> local_worker_scopes(std::string_view queue, std::string_view group);

/// Starts workers as processes of this machine, for the provisioner of the provider `local`. A
/// thread of its own starts them, hears at once when one ends, and kills one that does not end in
/// time.
class local_workers final : public machine_launcher {
 public:
  /// `by` is what the workers sign with; their logs and work are below `data_dir`.
  local_workers(credentials by, std::string data_dir, worker_containment how,
                std::chrono::milliseconds grace = std::chrono::seconds{15});
  ~local_workers() override;

  /// From now on workers can be started: the server answers at this URL, and lets workers in at
  /// `connect`. Those that were ordered before are started now.
  void open(const std::string& root_url, const std::string& connect);

  /// Lets all workers give back what they run and end, and waits for that. Nothing is started any
  /// more, and no end is told.
  void stop_all();

  void on_end(std::function<void(machine_ended)> listener) override;
  void start(const start_worker& order) override;
  void stop(const machine& which) override;
  std::vector<machine> machines() const override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
