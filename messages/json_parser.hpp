#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace troupe {

/// How deep a JSON text may nest. What the door takes in can be read again wherever it goes.
inline constexpr std::size_t most_json_levels = 128;

/// Parses JSON such that a value is what its text says: a number with a fraction becomes the double
/// that is nearest to it, so that it is written as it was read, and one that no double can hold is
/// an error instead of an infinity, which JSON cannot express. Keeps its memory between texts.
class json_parser {
 public:
  json_parser();
  ~json_parser();
  json_parser(const json_parser&) = delete;
  json_parser& operator=(const json_parser&) = delete;

  /// The value, in `storage`; null when it failed.
  boost::json::value parse(std::string_view text, boost::json::storage_ptr storage,
                           boost::system::error_code& failed);

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// The same with a parser of its own, in ordinary memory.
boost::json::value parse_json(std::string_view text, boost::system::error_code& failed);

/// Whether two values are the same to a JSON reader that knows one kind of number: 5 is 5.0, and
/// the order of members does not count.
bool same_json(const boost::json::value& a, const boost::json::value& b);

}  // namespace troupe
