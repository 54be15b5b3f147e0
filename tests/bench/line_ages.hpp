#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe_load {

/// The age of lines that begin with the time of their writing, as they come in pieces.
class line_ages {
 public:
  /// The next bytes of the log, which came at this time. Lines without a time are the worker's.
  void take(std::string_view piece, std::int64_t at_ns);

  long lines() const { return static_cast<long>(written_ns_.size()); }

  /// How old those lines were when they came that were written at this time or later: what was
  /// there before a follower is history, not news.
  std::vector<float> us_since(std::int64_t joined_ns) const;

 private:
  void take_line(std::string_view line, std::int64_t at_ns);

  std::string rest_;
  std::vector<std::int64_t> written_ns_;
  std::vector<float> us_;
};

}  // namespace troupe_load
