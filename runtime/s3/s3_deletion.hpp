#pragma once

#include "messages/api_error.hpp"
#include "runtime/s3/s3_signer.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

// How objects are deleted: one by one, or many of a bucket at once. Pure.

/// What a store answered.
struct s3_answer {
  unsigned status = 0;
  std::string body;
};

/// The request that deletes one object; not signed yet.
s3_request delete_request(const s3_object& object);

/// The request that deletes up to 1000 objects of a bucket; not signed yet.
s3_request bulk_delete_request(const std::string& bucket, const std::vector<std::string>& keys);

/// Whether the key can stand in a bulk request, which is XML: not all characters can.
bool fits_bulk_delete(std::string_view key);

/// What became of a deletion.
struct s3_deletion {
  /// The store did nothing of what was asked, and why; empty: it did what it could.
  std::string trouble;
  /// The bucket does not exist, so that there is nothing left to delete.
  bool bucket_is_gone = false;
  /// Of a bulk request: the objects that are still there, and why, by key.
  std::map<std::string, std::string, std::less<>> kept;
};

/// Reads the answer to `delete_request` or, with `bulk`, to `bulk_delete_request`. Objects that
/// were not there count as deleted.
s3_deletion read_deletion(const s3_answer& answer, bool bulk);

}  // namespace troupe
