#include "messages/json_writer.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

namespace json = boost::json;

namespace {

// What stands behind the backslash of a short escape; 0: there is none for the letter.
char short_escape(char letter) {
  switch (letter) {
    case '"':
    case '\\':
      return letter;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

// Where the text is put together: memory that the thread keeps, so that what is appended in the end
// takes no more than it needs.
class json_text {
 public:
  void value(const json::value& of);

  std::string_view text() const { return {room_.data(), size()}; }

  /// Makes it empty; of unusual size, it also lets go of it.
  void clear() {
    if (room_.size() > most_kept)
      room_ = {};
    at_ = room_.data();
    end_ = at_ + room_.size();
  }

 private:
  static constexpr std::size_t most_kept = 1024 * 1024;

  std::size_t size() const { return static_cast<std::size_t>(at_ - room_.data()); }

  // Makes room for `size` more.
  void need(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size)
      grow(size);
  }

  void grow(std::size_t more);
  void letters(std::string_view text);
  template <class Integer>
  void integer(Integer number);
  void string(std::string_view text);
  void escaped(std::string_view text);
  void real(const json::value& of);
  void object(const json::object& of);
  void array(const json::array& of);

  std::vector<char> room_;
  char* at_ = nullptr;  // where the next letter comes
  char* end_ = nullptr;
};

void json_text::grow(std::size_t more) {
  const auto used = size();
  room_.resize((used + more) * 2);
  at_ = room_.data() + used;
  end_ = room_.data() + room_.size();
}

void json_text::letters(std::string_view text) {
  need(text.size());
  at_ = std::copy(text.begin(), text.end(), at_);
}

template <class Integer>
void json_text::integer(Integer number) {
  constexpr std::size_t most_digits = 24;
  need(most_digits);
  at_ = std::to_chars(at_, end_, number).ptr;
}

void json_text::string(std::string_view text) {
  need(text.size() + 2);
  if (!copy_plain_json(at_ + 1, text))
    return escaped(text);
  *at_ = '"';
  at_ += text.size() + 2;
  at_[-1] = '"';
}

void json_text::escaped(std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  letters("\"");
  for (std::size_t from = 0;;) {
    const auto end = find_special_letter(text, from);
    letters(text.substr(from, end - from));
    if (end == text.size())
      break;
    const char special = text[end];
    if (const char escape = short_escape(special); escape != 0) {
      const char both[] = {'\\', escape};
      letters({both, sizeof both});
    } else {
      const auto c = static_cast<unsigned char>(special);
      const char all[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      letters({all, sizeof all});
    }
    from = end + 1;
  }
  letters("\"");
}

// Rare, and its text is the library's own.
void json_text::real(const json::value& of) {
  static thread_local json::serializer serializer;
  char text[64];
  serializer.reset(&of);
  while (!serializer.done()) {
    const auto piece = serializer.read(text, sizeof text);
    letters({piece.data(), piece.size()});
  }
}

void json_text::object(const json::object& of) {
  if (of.empty())
    return letters("{}");
  char before = '{';
  for (const auto& member : of) {
    need(1);
    *at_++ = std::exchange(before, ',');
    string(member.key());
    need(1);
    *at_++ = ':';
    value(member.value());
  }
  letters("}");
}

void json_text::array(const json::array& of) {
  if (of.empty())
    return letters("[]");
  char before = '[';
  for (const auto& entry : of) {
    need(1);
    *at_++ = std::exchange(before, ',');
    value(entry);
  }
  letters("]");
}

void json_text::value(const json::value& of) {
  switch (of.kind()) {
    case json::kind::null:
      return letters("null");
    case json::kind::bool_:
      return letters(of.get_bool() ? "true" : "false");
    case json::kind::int64:
      return integer(of.get_int64());
    case json::kind::uint64:
      return integer(of.get_uint64());
    case json::kind::double_:
      return real(of);
    case json::kind::string:
      return string(of.get_string());
    case json::kind::array:
      return array(of.get_array());
    case json::kind::object:
      return object(of.get_object());
  }
}

}  // namespace

void append_json(std::string& out, const json::value& value) {
  static thread_local json_text text;
  text.clear();
  text.value(value);
  out.append(text.text());
}

}  // namespace troupe
