#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// Appends the text as it stands in a URL: all but letters, digits and `-_.~` becomes `%XX` in
/// upper case. Slashes stay when they part the segments of a path.
void append_percent_encoded(std::string& out, std::string_view text, bool keep_slashes);

/// The text as it stands in one segment or value of a URL: no slashes.
std::string percent_encoded(std::string_view text);

}  // namespace troupe
