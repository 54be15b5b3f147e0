#include "runtime/events/topic_pattern.hpp"

#include <optional>

namespace troupe {

namespace {

// The words of a text, from left to right. The empty text has none.
class word_reader {
 public:
  explicit word_reader(std::string_view text) : rest_(text), more_(!text.empty()) {}

  bool at_end() const { return !more_; }

  std::string_view take() {
    const auto dot = rest_.find('.');
    const auto word = rest_.substr(0, dot);
    more_ = dot != std::string_view::npos;
    rest_ = more_ ? rest_.substr(dot + 1) : std::string_view{};
    return word;
  }

 private:
  std::string_view rest_;
  bool more_;
};

}  // namespace

// A `#` first takes nothing; when the rest does not fit it takes one word more. Only the last `#`
// seen has to be tried again, so the time is bounded by the product of the lengths.
bool topic_matches(std::string_view pattern, std::string_view key) {
  struct retry {
    word_reader pattern;
    word_reader key;
  };
  word_reader want{pattern};
  word_reader have{key};
  std::optional<retry> last_hash;
  for (;;) {
    if (!want.at_end()) {
      const auto word = want.take();
      if (word == "#") {
        last_hash = retry{want, have};
        continue;
      }
      if (!have.at_end() && (have.take() == word || word == "*"))
        continue;
    } else if (have.at_end()) {
      return true;
    }
    if (!last_hash || last_hash->key.at_end())
      return false;
    last_hash->key.take();
    want = last_hash->pattern;
    have = last_hash->key;
  }
}

}  // namespace troupe
