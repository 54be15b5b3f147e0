#include "messages/json_text.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string quoted(std::string_view text) {
  std::string out = "before ";
  append_json_string(out, text);
  return out.substr(7);
}

}  // namespace

TEST_CASE("a JSON string escapes what it must, wherever it stands") {
  CHECK(quoted("") == R"("")");
  CHECK(quoted("plain/text") == R"("plain/text")");
  CHECK(quoted("caf\u00e9 \x7f") == "\"caf\u00e9 \x7f\"");
  for (std::size_t place = 0; place < 20; ++place) {
    const auto with = [place](std::string_view what) {
      std::string text(20, 'x');
      return text.replace(place, 1, what);
    };
    CHECK(quoted(with("\"")) == "\"" + with("\\\"") + "\"");
    CHECK(quoted(with("\\")) == "\"" + with("\\\\") + "\"");
    CHECK(quoted(with("\n")) == "\"" + with("\\u000a") + "\"");
    CHECK(quoted(with("\x1f")) == "\"" + with("\\u001f") + "\"");
    CHECK(quoted(with("!")) == "\"" + with("!") + "\"");
  }
}

TEST_CASE("a text of any length is copied when no letter is special, wherever it would stand") {
  for (std::size_t size = 0; size < 70; ++size) {
    std::string copy(size, '?');
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
      text += static_cast<char>(i % 3 == 0 ? 0xc3 : 'a' + i % 26);
    CHECK(copy_plain_json(copy.data(), text));
    CHECK(copy == text);
    for (std::size_t place = 0; place < size; ++place)
      for (const char special : {'"', '\\', '\0', '\n', '\x1f'}) {
        auto other = text;
        other[place] = special;
        CHECK_FALSE(copy_plain_json(copy.data(), other));
        CHECK(find_special_letter(other) == place);
      }
  }
}

TEST_CASE("a JSON string is read as it was") {
  CHECK(rc::check([] {
    std::string text;
    for (auto left = *rc::gen::inRange(0, 60); left > 0; --left)
      text += static_cast<char>(*rc::gen::oneOf(rc::gen::inRange(0, 128), rc::gen::just<int>('"'),
                                                rc::gen::just<int>('x')));
    const auto read = boost::json::parse(quoted(text));
    RC_ASSERT(std::string{read.as_string()} == text);
  }));
}
