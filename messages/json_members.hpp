#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace troupe {

/// The text of a member; empty when there is none, or when it is no text.
inline std::string text_of(const boost::json::object& from, std::string_view key) {
  const auto* value = from.if_contains(key);
  return value && value->is_string() ? std::string{value->get_string()} : std::string{};
}

/// The same of a value that may be no object.
inline std::string text_of(const boost::json::value& from, std::string_view key) {
  const auto* members = from.if_object();
  return members == nullptr ? std::string{} : text_of(*members, key);
}

}  // namespace troupe
