#pragma once

#include "messages/mirror_commands.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/config/mirror_settings.hpp"
#include "runtime/mirrors/copy_counts.hpp"
#include "runtime/mirrors/copy_store.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace troupe {

class blob_signer;

/// A copy that is to be made.
struct copy_order {
  std::string site;
  std::string key;  ///< in the site's store
  blob_source source;
  std::string sha256;  ///< of the content, in hexadecimal; empty: not known
  std::uint64_t largest_bytes = 0;
};

/// What became of it.
struct copy_result {
  std::string trouble;   ///< empty: it is complete, checked, and safe
  bool lasting = false;  ///< it will be no better the next time
  std::uint64_t bytes = 0;
  std::chrono::milliseconds took{0};
};

/// A copy under way; may be looked at from any thread.
struct copy_progress {
  std::atomic<std::uint64_t> bytes{0};  ///< that were copied
  std::atomic<bool> unwanted{false};    ///< set by whoever no longer wants it: it ends soon
};

/// Makes copies on a thread of its own, in constant memory, and removes them. Can be used from any
/// thread; `done` is called on its own one.
class copier {
 public:
  /// `local` has what is on the server's disk; all must outlive it.
  copier(const mirror_settings& config, const blob_signer& signer, blob_store& local,
         const clock& time);

  /// Ends at once; what is under way is let go, and nobody is called back any more.
  ~copier();
  copier(const copier&) = delete;
  copier& operator=(const copier&) = delete;

  /// Makes the directories of copies; once, before anything else.
  outcome<void> open();

  /// Removes all copies in directories of this server, not those elsewhere.
  outcome<void> remove_all_local();

  /// The store on this server's disk whose keys begin like this one; null when it is none of ours.
  blob_store* local_store(std::string_view key);

  /// Makes a copy.
  std::shared_ptr<copy_progress> copy(copy_order order, std::function<void(copy_result)> done);

  /// Removes a copy; fine when there is none.
  void remove(const std::string& site, std::string key, std::function<void(outcome<void>)> done);

  /// A URL of a copy that is there.
  std::string get_url(const std::string& site, const std::string& key, timestamp now,
                      timestamp until) const;

  /// What is counted of each site, by whoever knows it.
  copy_counts& counts() { return counts_; }

 private:
  struct impl;
  copy_counts counts_;
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe
