#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A regular expression as JSON schemas write them (ECMA-262: classes, groups, alternatives,
/// repetition, anchors, negative look-ahead), searched in ASCII or UTF-8 text. The number of steps
/// is bounded, so that no input can make a check slow: what takes longer does not match.
class text_pattern {
 public:
  /// Compiles the expression; `valid()` is false for one that is not understood.
  explicit text_pattern(std::string_view expression);
  ~text_pattern();
  text_pattern(text_pattern&&) noexcept;
  text_pattern& operator=(text_pattern&&) noexcept;

  bool valid() const { return root_ != nullptr; }

  /// Whether the expression is found in the text.
  bool matches(std::string_view text) const;

  /// The expression as it was given.
  const std::string& source() const { return source_; }

  struct node;

 private:
  std::string source_;
  std::unique_ptr<const node> root_;
  bool anchored_ = false;
};

}  // namespace troupe
