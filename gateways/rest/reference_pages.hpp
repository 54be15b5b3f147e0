#pragma once

namespace troupe {

class blob_signer;
class rest_gateway;
struct settings;

/// Serves `/references/...` and `/schemas/...` (api-conventions section 16), from which client
/// generators learn what there is. The texts are made when somebody first asks, and kept: some
/// megabytes that most servers never need.
void add_reference_pages(rest_gateway& rest, const settings& config, const blob_signer* signer);

}  // namespace troupe
