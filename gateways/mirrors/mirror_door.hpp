#pragma once

namespace troupe {

class rest_gateway;
class switchboard;
struct mirror_settings;

/// Adds DELETE `/api/troupe/v1/mirror/<siteId>/<blob*>`: removes the copy of a blob from a site,
/// for who has the scope `troupe:purge-mirror:<siteId>:<blob>`. 204 when nobody is sent to it any
/// more, whether there was one or not; 404 for a site that is not configured.
void add_mirror_routes(rest_gateway& rest, switchboard& board, const mirror_settings& config);

}  // namespace troupe
