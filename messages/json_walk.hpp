#pragma once

#include "messages/timestamp.hpp"

#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// Goes through a JSON object or array where it stands, and builds nothing: for reading a few
/// members of many texts that were written by ourselves. Values that nobody reads are only stepped
/// over, so a text that is broken within one of them may pass.
class json_walk {
 public:
  /// Of the members of an object.
  static json_walk members(std::string_view text) { return json_walk{text, '{', '}'}; }

  /// Of the entries of an array.
  static json_walk entries(std::string_view text) { return json_walk{text, '[', ']'}; }

  /// Goes to the next one; false at the end, and where the text is broken.
  bool next();

  /// The key of a member between its quotes, with its escapes as they are written.
  std::string_view key() const { return key_; }

  /// The text of the value.
  std::string_view value() const { return value_; }

  /// Whether the text was whole, with nothing behind it. To be asked when `next` is false.
  bool complete() const { return state_ == state::complete; }

 private:
  enum class state : unsigned char { first, further, complete, broken };

  json_walk(std::string_view text, char open, char close);
  bool end();
  bool take_key();

  std::string_view rest_;
  std::string_view key_;
  std::string_view value_;
  char close_;
  state state_ = state::first;
};

/// Reads the text of a string, escapes and all. False when it is none; then `out` is unspecified.
bool read_json_string(std::string_view value, std::string& out);

/// What stands in a string without escapes, as ids, names and dates are; nothing for other values.
std::optional<std::string_view> plain_json_string(std::string_view value);

/// Reads a date. False when it is none.
bool read_json_date(std::string_view value, timestamp& out);

/// Reads a slugid. False when it is none.
template <class Id>
bool read_json_id(std::string_view value, Id& out) {
  const auto text = plain_json_string(value);
  const auto id = text ? Id::parse(*text) : std::nullopt;
  out = id.value_or(Id{});
  return id.has_value();
}

/// Reads an array of slugids. False when it is none, or holds something else.
template <class Id>
bool read_json_ids(std::string_view value, std::vector<Id>& out) {
  auto entries = json_walk::entries(value);
  while (entries.next())
    if (!read_json_id(entries.value(), out.emplace_back()))
      return false;
  return entries.complete();
}

/// Reads a whole number that fits, in whatever way it is written: 5, 5.0 and 5E0 are one. False
/// when the value is something else.
template <class Number>
bool read_json_number(std::string_view value, Number& out) {
  const auto* end = value.data() + value.size();
  const auto [stopped, problem] = std::from_chars(value.data(), end, out);
  if (problem == std::errc{} && stopped == end)
    return true;
  double number = 0;
  const auto [last, failed] = std::from_chars(value.data(), end, number);
  // What is behind the greatest one is a power of two, which a double holds.
  constexpr double end_of_range =
      2.0 * static_cast<double>(std::numeric_limits<Number>::max() / 2 + 1);
  if (failed != std::errc{} || last != end || !(number >= 0 && number < end_of_range))
    return false;
  out = static_cast<Number>(number);
  return static_cast<double>(out) == number;
}

}  // namespace troupe
