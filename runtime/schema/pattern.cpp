#include "runtime/schema/pattern.hpp"

#include <limits>
#include <optional>

namespace troupe {

namespace {
using char_class = std::bitset<256>;
constexpr std::uint32_t no_limit = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t most_steps = 200'000;
}  // namespace

// A pattern is a list of alternatives, each a sequence of items.
struct text_pattern::node {
  enum class kind : std::uint8_t { characters, group, not_ahead, begin, end };

  struct item {
    kind what = kind::characters;
    char_class characters;
    std::unique_ptr<node> inner;
    std::uint32_t least = 1;
    std::uint32_t most = 1;
  };

  std::vector<std::vector<item>> alternatives;
};

namespace {

using node = text_pattern::node;
using item = node::item;
using kind = node::kind;

char_class class_of_escape(char c) {
  char_class result;
  auto range = [&result](int from, int to) {
    for (int i = from; i <= to; ++i)
      result.set(static_cast<std::size_t>(i));
  };
  switch (c) {
    case 'd':
    case 'D':
      range('0', '9');
      break;
    case 'w':
    case 'W':
      range('a', 'z');
      range('A', 'Z');
      range('0', '9');
      range('_', '_');
      break;
    case 's':
    case 'S':
      for (char blank : {' ', '\t', '\n', '\r', '\f', '\v'})
        result.set(static_cast<unsigned char>(blank));
      break;
    default:
      break;
  }
  return c == 'D' || c == 'W' || c == 'S' ? ~result : result;
}

class compiler {
 public:
  explicit compiler(std::string_view text) : text_(text) {}

  std::unique_ptr<node> compile() {
    auto result = alternatives();
    return failed_ || at_ != text_.size() ? nullptr : std::move(result);
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool take(char c) {
    if (!more() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  std::unique_ptr<node> alternatives() {
    auto result = std::make_unique<node>();
    do {
      result->alternatives.push_back(sequence());
    } while (!failed_ && take('|'));
    return result;
  }

  std::vector<item> sequence() {
    std::vector<item> items;
    while (!failed_ && more() && text_[at_] != '|' && text_[at_] != ')') {
      auto next = one();
      if (!failed_)
        repeat(next);
      items.push_back(std::move(next));
    }
    return items;
  }

  item one() {
    item result;
    const char c = text_[at_++];
    switch (c) {
      case '^':
        result.what = kind::begin;
        return result;
      case '$':
        result.what = kind::end;
        return result;
      case '(':
        return group();
      case '[':
        result.characters = bracket();
        return result;
      case '.':
        result.characters = ~char_class{};
        result.characters.reset('\n');
        result.characters.reset('\r');
        return result;
      case '\\':
        result.characters = escape();
        return result;
      case '*':
      case '+':
      case '?':
        failed_ = true;
        return result;
      default:
        result.characters.set(static_cast<unsigned char>(c));
        return result;
    }
  }

  item group() {
    item result;
    result.what = kind::group;
    if (take('?')) {
      if (take('!'))
        result.what = kind::not_ahead;
      else if (!take(':'))
        failed_ = true;
    }
    result.inner = alternatives();
    if (!take(')'))
      failed_ = true;
    return result;
  }

  std::optional<unsigned char> escaped_character() {
    if (!more()) {
      failed_ = true;
      return std::nullopt;
    }
    const char c = text_[at_++];
    if (c == 'x' && at_ + 2 <= text_.size()) {
      const auto value = std::stoi(std::string{text_.substr(at_, 2)}, nullptr, 16);
      at_ += 2;
      return static_cast<unsigned char>(value);
    }
    if (c == 'n')
      return '\n';
    if (c == 'r')
      return '\r';
    if (c == 't')
      return '\t';
    return static_cast<unsigned char>(c);
  }

  char_class escape() {
    if (more() && std::string_view{"dDwWsS"}.find(text_[at_]) != std::string_view::npos)
      return class_of_escape(text_[at_++]);
    char_class result;
    if (const auto c = escaped_character())
      result.set(*c);
    return result;
  }

  char_class bracket() {
    char_class result;
    const bool inverted = take('^');
    while (more() && text_[at_] != ']') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() &&
          std::string_view{"dDwWsS"}.find(text_[at_ + 1]) != std::string_view::npos) {
        result |= class_of_escape(text_[at_ + 1]);
        at_ += 2;
        continue;
      }
      const auto first = bracket_character();
      // A dash between two characters is a range; at the end or after a range it is itself.
      if (at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']') {
        const auto dash = at_++;
        const auto last = bracket_character();
        if (last < first) {
          at_ = dash;
          result.set(first);
          continue;
        }
        for (unsigned c = first; c <= last; ++c)
          result.set(c);
        if (more() && text_[at_] == '-') {
          result.set('-');
          ++at_;
        }
      } else {
        result.set(first);
      }
    }
    if (!take(']'))
      failed_ = true;
    return inverted ? ~result : result;
  }

  unsigned char bracket_character() {
    const char c = text_[at_++];
    if (c != '\\')
      return static_cast<unsigned char>(c);
    return escaped_character().value_or(0);
  }

  std::uint32_t number() {
    std::uint32_t value = 0;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9')
      value = value * 10 + static_cast<std::uint32_t>(text_[at_++] - '0');
    return value;
  }

  void repeat(item& of) {
    if (take('*')) {
      of.least = 0;
      of.most = no_limit;
    } else if (take('+')) {
      of.most = no_limit;
    } else if (take('?')) {
      of.least = 0;
    } else if (take('{')) {
      of.least = number();
      of.most = of.least;
      if (take(','))
        of.most = more() && text_[at_] != '}' ? number() : no_limit;
      if (!take('}'))
        failed_ = true;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// Backtracking, with what is left to match as a chain of continuations on the stack.
class matcher {
 public:
  explicit matcher(std::string_view text) : text_(text) {}

  struct rest {
    const std::vector<item>* items;
    std::size_t index;
    const rest* after;
    // Set while a group repeats: how often it has matched.
    const item* repeating = nullptr;
    std::uint32_t count = 0;
    std::size_t began = 0;
  };

  bool run(const node& of, std::size_t at, const rest* after) {
    for (const auto& alternative : of.alternatives) {
      const rest here{&alternative, 0, after};
      if (sequence(here, at))
        return true;
    }
    return false;
  }

 private:
  bool sequence(const rest& here, std::size_t at) {
    if (++steps_ > most_steps)
      return false;
    if (here.repeating != nullptr)
      return repeated(here, at);
    if (here.index == here.items->size())
      return here.after == nullptr || sequence(*here.after, at);
    const auto& next = (*here.items)[here.index];
    const rest then{here.items, here.index + 1, here.after};
    switch (next.what) {
      case kind::begin:
        return at == 0 && sequence(then, at);
      case kind::end:
        return at == text_.size() && sequence(then, at);
      case kind::not_ahead:
        return !run(*next.inner, at, nullptr) && sequence(then, at);
      case kind::characters:
        return characters(next, then, at);
      case kind::group: {
        const rest loop{here.items, here.index + 1, here.after, &next, 0, at};
        return repeated(loop, at);
      }
    }
    return false;
  }

  bool characters(const item& of, const rest& then, std::size_t at) {
    std::size_t end = at;
    const auto most =
        of.most == no_limit ? text_.size() : std::min<std::size_t>(text_.size(), at + of.most);
    while (end < most && of.characters.test(static_cast<unsigned char>(text_[end])))
      ++end;
    for (;; --end) {
      if (end < at + of.least)
        return false;
      if (sequence(then, end))
        return true;
      if (end == 0)
        return false;
    }
  }

  bool repeated(const rest& loop, std::size_t at) {
    const auto& of = *loop.repeating;
    const bool moved = loop.count == 0 || at != loop.began;
    if (loop.count < of.most && moved) {
      const rest again{loop.items, loop.index, loop.after, loop.repeating, loop.count + 1, at};
      if (run(*of.inner, at, &again))
        return true;
    }
    const rest then{loop.items, loop.index, loop.after};
    return loop.count >= of.least && sequence(then, at);
  }

  std::string_view text_;
  std::size_t steps_ = 0;
};

// -- without backtracking -------------------------------------------------------------------------

using stretches = std::vector<text_pattern::stretch>;

// Appends what a sequence of characters consists of; false if it is more than that.
bool flatten(const item* from, const item* to, stretches& into) {
  for (; from != to; ++from) {
    if (from->what == kind::characters) {
      into.push_back({from->characters, from->least, from->most});
      continue;
    }
    const bool is_plain_group = from->what == kind::group && from->least == 1 && from->most == 1 &&
                                from->inner->alternatives.size() == 1;
    if (!is_plain_group)
      return false;
    const auto& within = from->inner->alternatives.front();
    if (!flatten(within.data(), within.data() + within.size(), into))
      return false;
  }
  return true;
}

// Whether a stretch that takes all it can leaves nothing out that the following ones need: their
// next character is never one of its own.
bool may_be_greedy(const stretches& all, std::size_t number) {
  const auto& one = all[number];
  if (one.least == one.most)
    return true;
  for (auto next = number + 1; next < all.size(); ++next) {
    if ((all[next].characters & one.characters).any())
      return false;
    if (all[next].least > 0)
      return true;
  }
  return true;
}

}  // namespace

text_pattern::text_pattern(std::string_view expression)
    : source_(expression), root_(compiler{expression}.compile()) {
  anchored_ = expression.starts_with('^') && expression.find('|') == std::string_view::npos;
  if (!root_ || root_->alternatives.size() != 1)
    return;
  const auto& items = root_->alternatives.front();
  if (items.empty() || items.front().what != kind::begin)
    return;
  to_the_end_ = items.back().what == kind::end;
  is_straight_ =
      flatten(items.data() + 1, items.data() + items.size() - (to_the_end_ ? 1 : 0), straight_);
  for (std::size_t i = 0; i < straight_.size() && is_straight_; ++i)
    is_straight_ = may_be_greedy(straight_, i);
}

text_pattern::~text_pattern() = default;
text_pattern::text_pattern(text_pattern&&) noexcept = default;
text_pattern& text_pattern::operator=(text_pattern&&) noexcept = default;

bool text_pattern::matches_straight(std::string_view text) const {
  std::size_t at = 0;
  for (const auto& next : straight_) {
    const auto end = next.most < text.size() - at ? at + next.most : text.size();
    const auto from = at;
    while (at < end && next.characters[static_cast<unsigned char>(text[at])])
      ++at;
    if (at - from < next.least)
      return false;
  }
  return !to_the_end_ || at == text.size();
}

bool text_pattern::matches(std::string_view text) const {
  if (is_straight_)
    return matches_straight(text);
  if (!root_)
    return false;
  matcher search{text};
  const auto last = anchored_ ? 0 : text.size();
  for (std::size_t at = 0; at <= last; ++at)
    if (search.run(*root_, at, nullptr))
      return true;
  return false;
}

}  // namespace troupe
