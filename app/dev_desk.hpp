#pragma once

#include "messages/api_error.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace troupe {

class artifact_stores;
class lane;
class lane_company;
class other_doors;
class switchboard;

/// Carries out what dev mode asks for: brings a running server back to where an empty one begins,
/// and changes settings. One thing after the other, on a thread of its own, which waits for the
/// lanes that do the work.
class dev_desk {
 public:
  struct parts {
    std::vector<lane*> lanes;
    std::vector<lane_company*> companies;  ///< by lane
    switchboard* board = nullptr;
    other_doors* others = nullptr;
    artifact_stores* artifacts = nullptr;
    std::string log_directory;
    /// Reads clients and roles anew; `done` is called once every lane goes by them.
    std::function<void(std::function<void(outcome<void>)> done)> open_auth;
    /// A reset could be neither carried out nor undone: the server has to end.
    std::function<void(std::string why)> give_up;
  };
  using teller = std::function<void(outcome<void>)>;

  explicit dev_desk(parts given);

  /// Ends what is under way; nothing more is begun, and who waits hears so.
  ~dev_desk();
  dev_desk(const dev_desk&) = delete;
  dev_desk& operator=(const dev_desk&) = delete;

  /// Tasks, logs, artifacts, records, events: all goes but what the configuration says, and the
  /// numbers of events. Who waits for work is told that there is none; of those who wait for
  /// something else some are answered, and the others told to ask again.
  void reset(teller done);

  /// Of claims that are made from now on.
  void set_claim_timeout(std::chrono::seconds timeout, teller done);

 private:
  struct job {
    std::function<outcome<void>()> work;
    teller done;
  };
  using step = std::function<void(std::size_t lane, std::function<void(std::string)> done)>;

  void add(job made);
  void serve();
  outcome<void> carry_out_reset();
  outcome<void> begin_anew();
  outcome<void> on_all_lanes(std::string_view what, const step& each);
  outcome<void> too_late(std::string_view what);

  parts with_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<job> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace troupe
