#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// Turns bytes as they come into whole lines, each with a prefix.
class prefixed_lines {
 public:
  /// Of a longer one, every so many bytes become a line.
  static constexpr std::size_t longest_line = 65536;

  explicit prefixed_lines(std::string prefix) : prefix_(std::move(prefix)) {}

  /// The lines that are whole with these bytes.
  std::string take(std::string_view bytes);

  /// What was begun, as a line; empty when there is nothing.
  std::string finish();

 private:
  std::string prefix_;
  std::string begun_;
};

}  // namespace troupe
