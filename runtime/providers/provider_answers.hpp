#pragma once

#include "messages/api_error.hpp"
#include "runtime/web/web_message.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace troupe {

// How answers of other systems are read, which may be anything.

/// The value of a JSON body; null when it is none.
boost::json::value json_body(const web_answer& answer);

/// Another system failed or refused: 503 with the system's name and what it said.
api_error provider_failure(std::string_view system, std::string_view said);

/// The same with `<status>: <text>`, the text shortened.
api_error provider_failure(std::string_view system, const web_answer& answer);

}  // namespace troupe
