#include "app/version.hpp"

namespace troupe {

std::string_view program_version() { return TROUPE_VERSION; }
std::string_view program_commit() { return TROUPE_COMMIT; }

}  // namespace troupe
