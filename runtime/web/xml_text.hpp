#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe {

// XML as cloud services answer with it: elements that matter have neither attributes nor their own
// kind within, and an answer that is no XML simply lacks them.

/// What stands between `<name>` and `</name>`, as it is written there, from `from` on, which is
/// moved behind it; nothing when there is none.
std::optional<std::string_view> next_element(std::string_view xml, std::string_view name,
                                             std::size_t& from);

/// The text of the first element of this name; nothing when there is none.
std::optional<std::string> xml_text(std::string_view xml, std::string_view name);

/// A text as it was meant, without references to characters; those beyond ASCII become `?`.
std::string from_xml(std::string_view text);

/// Appends a text as XML has it.
void append_xml(std::string& out, std::string_view text);

}  // namespace troupe
