#pragma once

#include "gateways/rest/takeover.hpp"

#include <functional>
#include <string_view>

namespace troupe {

class blob_signer;
class blob_store;

/// Serves PUT of signed URLs: the body goes to the store piece by piece, never more than a megabyte
/// of it in memory.
stream_handler blob_upload_door(const blob_signer& signer, blob_store& store);

/// Serves GET and HEAD of signed URLs, whole or a range. `copies` finds the store of keys that are
/// of copies; null, as without it: they are in `store`.
stream_handler blob_download_door(const blob_signer& signer, blob_store& store,
                                  std::function<blob_store*(std::string_view key)> copies);

}  // namespace troupe
