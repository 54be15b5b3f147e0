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

  /// A run of characters of one class.
  struct stretch {
    std::bitset<256> characters;
    std::uint32_t least = 1;
    std::uint32_t most = 1;
  };

 private:
  bool matches_straight(std::string_view text) const;

  std::string source_;
  std::unique_ptr<const node> root_;
  bool anchored_ = false;
  // For most expressions: what the text consists of from its beginning on, where taking as much as
  // possible each time is always right.
  std::vector<stretch> straight_;
  bool is_straight_ = false;
  bool to_the_end_ = false;
};

}  // namespace troupe
