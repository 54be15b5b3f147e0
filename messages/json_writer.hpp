#pragma once

#include <boost/json/fwd.hpp>

#include <string>

namespace troupe {

/// Appends the compact text of a value: the same that Boost.JSON's serializer writes, with fewer
/// instructions.
void append_json(std::string& out, const boost::json::value& value);

}  // namespace troupe
