#pragma once

#include "actors/company/stage.hpp"
#include "messages/api_error.hpp"
#include "messages/blob_place.hpp"
#include "runtime/blobs/blob_signer.hpp"
#include "runtime/blobs/blob_store.hpp"
#include "runtime/clock/clock.hpp"
#include "runtime/config/settings.hpp"
#include "runtime/mirrors/copier.hpp"
#include "runtime/mirrors/mirror_sites.hpp"
#include "runtime/object_stores/object_stores.hpp"
#include "runtime/s3/s3_remover.hpp"
#include "runtime/s3/s3_signer.hpp"
#include "runtime/uploads/artifact_uploader.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

struct rest_gateway_parts;

/// Where the data of artifacts are: on the local disk, and in the S3 store that the settings name.
/// Each artifact's record says which of them has its data.
class artifact_stores {
 public:
  /// `data_dir` has the local store; `url_key` signs the URLs of it. Settings and clock must
  /// outlive this.
  artifact_stores(const settings& config, const clock& time, const std::string& data_dir,
                  std::string url_key);
  ~artifact_stores();

  /// Gives each lane what it removes data with; once, before they run.
  void attach(const std::vector<lane*>& lanes);

  blob_signer& signer() { return signer_; }
  blob_store& local() { return local_; }
  artifact_uploader& uploader() { return uploader_; }
  /// Null: there are no sites with copies.
  const copy_counts* counted_copies() { return copies_ ? &copies_->counts() : nullptr; }

  /// Makes the directories of what is kept on the disk.
  outcome<void> open();

  /// Removes all that is kept on the disk.
  outcome<void> remove_all_local();

  /// Gives the actors what they need of this.
  void equip(company_parts& parts);

  /// Gives the gateway what it needs of this.
  void equip(rest_gateway_parts& parts);

 private:
  std::string bucket_for(std::string_view name) const;
  std::string put_url(const blob_place& at, const std::string& type, timestamp now,
                      timestamp until) const;
  std::string get_url(const blob_place& at, timestamp now, timestamp until, bool skip_cdn) const;
  void attach_objects(const std::vector<lane*>& lanes);
  void remove(lane& on, std::vector<blob_place> places, std::function<void(outcome<void>)> done);
  void remove_local(lane& on, std::string key, std::function<void(outcome<void>)> done);
  void remove_object(lane& on, const blob_place& at, std::function<void(outcome<void>)> done);
  void remove_in_s3(lane& on, const blob_place& at, std::function<void(outcome<void>)> done);

  const settings& config_;
  const clock& time_;
  blob_signer signer_;
  blob_store local_;
  artifact_uploader uploader_;
  std::optional<s3_signer> s3_;
  std::vector<s3_remover> removers_;  // one a lane, when there is an S3 store
  std::unique_ptr<object_stores> objects_;
  std::unique_ptr<mirror_sites> sites_;  // null: there are no copies at other sites
  std::unique_ptr<copier> copies_;
};

}  // namespace troupe
