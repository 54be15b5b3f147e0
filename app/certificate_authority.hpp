#pragma once

#include "messages/api_error.hpp"
#include "runtime/tls/tls_files.hpp"

#include <string>

namespace troupe {

/// Makes, once, a small certificate authority in `directory` with one certificate for the server
/// and one for its workers, all for ten years; later calls find what is there. Keys have mode 0600.
/// Only who has a certificate of this authority can open the CAF port.
outcome<void> ensure_authority(const std::string& directory);

/// The server's files of an authority made by `ensure_authority`.
tls_files server_tls(const std::string& directory);

/// The workers' files.
tls_files worker_tls(const std::string& directory);

}  // namespace troupe
