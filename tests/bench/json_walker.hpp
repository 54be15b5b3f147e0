#pragma once

#include <string>
#include <string_view>

namespace troupe_load {

/// Walks over JSON text without making anything of what is not asked for.
class json_walker {
 public:
  explicit json_walker(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  /// False once something was not as expected; what follows is void then.
  bool ok() const { return ok_; }

  /// The next character that counts; 0 at the end.
  char peek();

  /// A string as it stands between its quotes, with its escapes.
  std::string_view raw_string();

  /// A string with its escapes resolved.
  std::string text() { return unescape(raw_string()); }

  /// Passes over a value and gives its text.
  std::string_view skip();

  /// Calls `member(key)` for each member, which must consume the value.
  template <class Member>
  void object(Member member) {
    list('{', '}', [&] {
      const auto key = raw_string();
      if (expect(':'))
        member(key);
    });
  }

  /// Calls `element()` for each element, which must consume it.
  template <class Element>
  void array(Element element) {
    list('[', ']', element);
  }

  static std::string unescape(std::string_view raw);

 private:
  template <class Element>
  void list(char open, char close, Element element) {
    if (!expect(open) || eat(close))
      return;
    do {
      element();
      if (!ok_)
        return;
    } while (eat(','));
    expect(close);
  }

  bool eat(char wanted);
  bool expect(char wanted) { return ok_ = ok_ && eat(wanted); }
  void skip_nested();

  const char* at_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace troupe_load
