#pragma once

#include "runtime/config/object_settings.hpp"
#include "runtime/s3/s3_signer.hpp"

namespace troupe {

/// The signer for a store of the settings; without an endpoint that is AWS in the store's region.
s3_signer signer_of(const s3_backend_settings& config);

}  // namespace troupe
