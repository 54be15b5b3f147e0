#pragma once

#include "messages/api_error.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/clock/clock.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <set>
#include <string>

namespace troupe {

class queue_client;

/// An open file, and what is stored beside its bytes.
struct uploaded_file {
  int file = -1;
  std::uint64_t size = 0;
  std::string content_type;
  std::string content_encoding;  ///< empty: none
};

/// Brings the data of artifacts that the server makes itself to where createArtifact says. What
/// belongs into its own store goes there directly: a server need not reach itself by the URL that
/// others reach it by.
class artifact_uploader {
 public:
  /// All must outlive it.
  artifact_uploader(const blob_signer& signer, blob_store& local, const clock& time);

  /// Puts the bytes where a URL of createArtifact leads; blocks. The error is for people. From any
  /// thread.
  outcome<void> put(const std::string& url, const uploaded_file& what);

  /// Gives up what is under way; nothing is put any more. From any thread.
  void close();

 private:
  bool is_local(const std::string& url) const;
  outcome<void> put_here(const std::string& url, const uploaded_file& what);
  outcome<void> put_there(const std::string& url, const uploaded_file& what);

  const blob_signer& signer_;
  blob_store& local_;
  const clock& time_;
  std::atomic<bool> closed_{false};
  std::mutex guard_;
  std::set<queue_client*> sending_;  // guarded
};

}  // namespace troupe
