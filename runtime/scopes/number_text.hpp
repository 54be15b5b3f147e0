#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace troupe {

/// Appends a JSON number as JavaScript prints it, since signatures and scopes are made from that
/// text: `7` for 7 and 7.0, `1.5` for 1.5, no exponent below 1e21. Nothing and false for a value
/// that is no number, or not one that is written without an exponent.
bool append_number_text(std::string& out, const boost::json::value& number);

}  // namespace troupe
