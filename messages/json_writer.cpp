#include "messages/json_writer.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cstdint>
#include <string_view>

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

void append_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  for (std::size_t from = 0;;) {
    const auto end = find_special_letter(text, from);
    out.append(text, from, end - from);
    if (end == text.size())
      break;
    const char letter = text[end];
    if (const char escape = short_escape(letter); escape != 0) {
      const char both[] = {'\\', escape};
      out.append(both, sizeof both);
    } else {
      const auto c = static_cast<unsigned char>(letter);
      const char all[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      out.append(all, sizeof all);
    }
    from = end + 1;
  }
  out += '"';
}

template <class Integer>
void append_integer(std::string& out, Integer value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Rare, and its text is the library's own.
void append_double(std::string& out, const json::value& value) {
  static thread_local json::serializer serializer;
  char text[64];
  serializer.reset(&value);
  while (!serializer.done()) {
    const auto piece = serializer.read(text, sizeof text);
    out.append(piece.data(), piece.size());
  }
}

void append_object(std::string& out, const json::object& object) {
  char before = '{';
  for (const auto& member : object) {
    out += std::exchange(before, ',');
    append_string(out, member.key());
    out += ':';
    append_json(out, member.value());
  }
  out += object.empty() ? "{}" : "}";
}

void append_array(std::string& out, const json::array& array) {
  char before = '[';
  for (const auto& entry : array) {
    out += std::exchange(before, ',');
    append_json(out, entry);
  }
  out += array.empty() ? "[]" : "]";
}

}  // namespace

void append_json(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      return append_integer(out, value.get_int64());
    case json::kind::uint64:
      return append_integer(out, value.get_uint64());
    case json::kind::double_:
      return append_double(out, value);
    case json::kind::string:
      return append_string(out, value.get_string());
    case json::kind::array:
      return append_array(out, value.get_array());
    case json::kind::object:
      return append_object(out, value.get_object());
  }
}

}  // namespace troupe
