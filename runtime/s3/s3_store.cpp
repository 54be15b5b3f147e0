#include "runtime/s3/s3_store.hpp"

namespace troupe {

s3_signer signer_of(const s3_backend_settings& config) {
  const auto endpoint =
      config.endpoint.empty() ? "https://s3." + config.region + ".amazonaws.com" : config.endpoint;
  return {s3_location_of(endpoint, config.region,
                         config.path_style ? s3_addressing::path : s3_addressing::virtual_host),
          {config.access_key_id, config.secret_access_key}};
}

}  // namespace troupe
