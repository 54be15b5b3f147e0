#pragma once

#include <string_view>

namespace troupe {

/// What payloads of this worker look like, as a JSON schema in lines of text, for logs and readers.
/// Payloads are read by `read_payload`, which says more than a schema can.
std::string_view payload_schema();

}  // namespace troupe
