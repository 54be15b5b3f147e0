#pragma once

#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/object_stores/object_backend.hpp"

namespace troupe {

// What the local store does for objects, of artifacts or not. Keys of what is not complete begin
// with `blob_store::uploads`.

/// Puts these bytes into the store; then calls back on the lane.
void put_blob(blob_store& store, lane& on, std::string key, std::string content_type,
              std::string bytes, object_backend::done_handler done);

/// Moves what was uploaded to its final key, compares it with the hashes that it should have, and
/// calls back on the lane. Fine when it was moved before. What has other hashes goes back.
void keep_blob(blob_store& store, lane& on, std::string from, std::string to, std::string hashes,
               object_backend::done_handler done);

/// Objects on the disk of the server.
class local_backend final : public object_backend {
 public:
  /// `signer` and `store` must outlive it.
  local_backend(const blob_signer& signer, blob_store& store) : signer_(signer), store_(store) {}

  outcome<void> accepts(std::string_view name) const override;
  std::string put_url(const stored_object& object, const upload_proposal& proposed, timestamp now,
                      timestamp until) const override;
  std::string get_url(const stored_object& object, timestamp now, timestamp until) const override;
  blob_source source_of(const stored_object& object, timestamp now, timestamp until) const override;
  void put(lane& on, const stored_object& object, std::string content_type, std::string bytes,
           done_handler done) override;
  void finish(lane& on, const stored_object& object, std::string hashes,
              done_handler done) override;
  void remove(lane& on, const stored_object& object, done_handler done) override;

 private:
  const blob_signer& signer_;
  blob_store& store_;
};

}  // namespace troupe
