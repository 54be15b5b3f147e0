#pragma once

#include "runtime/clock/clock.hpp"
#include "runtime/config/object_settings.hpp"
#include "runtime/object_stores/object_backend.hpp"
#include "runtime/s3/s3_remover.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// Objects in a bucket of a store that speaks the S3 protocol, by their names. Clients upload to
/// their final place: what the store has when an upload is finished is the object.
class s3_backend final : public object_backend {
 public:
  /// `id` is for the log; the clock must outlive it. `lanes` are all that use it, by their indexes.
  s3_backend(std::string id, const s3_backend_settings& config, const std::vector<lane*>& lanes,
             const clock& time);
  ~s3_backend() override;

  outcome<void> accepts(std::string_view name) const override;
  std::string put_url(const stored_object& object, const upload_proposal& proposed, timestamp now,
                      timestamp until) const override;
  std::string get_url(const stored_object& object, timestamp now, timestamp until) const override;
  void put(lane& on, const stored_object& object, std::string content_type, std::string bytes,
           done_handler done) override;
  void finish(lane& on, const stored_object& object, std::string hashes,
              done_handler done) override;
  void remove(lane& on, const stored_object& object, done_handler done) override;

 private:
  struct courier;

  s3_object place_of(const stored_object& object) const { return {bucket_, object.name}; }

  std::string bucket_;
  bool sign_get_urls_;
  s3_signer signer_;
  std::vector<std::shared_ptr<courier>> couriers_;  // one a lane
  std::vector<s3_remover> removers_;                // the same
};

}  // namespace troupe
