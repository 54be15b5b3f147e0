#pragma once

namespace troupe {

class rest_gateway;

/// Adds POST `/api/troupe/v1/why`: which scopes a call takes, which of them somebody has, which are
/// missing, and which roles have those. About oneself everybody may ask; about a client who has
/// `auth:why:<clientId>`; about a list of scopes who has `auth:expand-scopes`. Roles are shown to
/// who has `auth:list-roles`.
void add_why_route(rest_gateway& rest);

}  // namespace troupe
