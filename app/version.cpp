#include "app/version.hpp"

namespace troupe {

std::string_view program_version() { return TROUPE_VERSION; }
std::string_view program_commit() { return TROUPE_COMMIT; }

build_info program_build() {
  return {std::string{program_version()}, std::string{program_commit()}, "troupe",
          std::string{program_commit()}};
}

}  // namespace troupe
