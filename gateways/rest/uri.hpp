#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Undoes percent encoding, once. Nothing for a broken escape or when the result is not UTF-8.
/// `plus_is_blank` is for query strings.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_blank = false);

/// The raw path of a target, without query.
std::string_view path_of(std::string_view target);

/// The raw query of a target, without the question mark; empty when there is none.
std::string_view query_of(std::string_view target);

/// The first value of a query parameter, decoded; nothing when it is not there or broken.
std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// True when the bytes are UTF-8.
bool is_utf8(std::string_view bytes);

/// The bytes as they are when they are UTF-8; otherwise with `?` for each byte beyond ASCII, so
/// that they can stand in JSON.
std::string shown_as_utf8(std::string_view bytes);

}  // namespace troupe
