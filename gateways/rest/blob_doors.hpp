#pragma once

#include "gateways/rest/takeover.hpp"

namespace troupe {

class blob_signer;
class blob_store;

/// Serves PUT of signed URLs: the body goes to the store piece by piece, never more than a megabyte
/// of it in memory.
stream_handler blob_upload_door(const blob_signer& signer, blob_store& store);

/// Serves GET and HEAD of signed URLs, whole or a range.
stream_handler blob_download_door(const blob_signer& signer, blob_store& store);

}  // namespace troupe
