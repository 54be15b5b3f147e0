#include "messages/json_parser.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

namespace troupe {

namespace json = boost::json;

namespace {

using json::error_code;
using json::string_view;

// What the library's own parser does, but for doubles, which it rounds a little at times.
struct value_builder {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack stack;
  std::string digits;  // of a number whose text came in parts

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t members, error_code&) {
    stack.push_object(members);
    return true;
  }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t entries, error_code&) {
    stack.push_array(entries);
    return true;
  }
  bool on_key_part(string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_key(string_view rest, std::size_t, error_code&) {
    stack.push_key(rest);
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) {
    stack.push_chars(part);
    return true;
  }
  bool on_string(string_view rest, std::size_t, error_code&) {
    stack.push_string(rest);
    return true;
  }
  bool on_number_part(string_view part, error_code&) {
    digits.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t value, string_view, error_code&) {
    digits.clear();
    stack.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, string_view, error_code&) {
    digits.clear();
    stack.push_uint64(value);
    return true;
  }
  bool on_double(double rounded, string_view rest, error_code& failed) {
    std::string_view text{rest.data(), rest.size()};
    if (!digits.empty())
      text = digits.append(text);
    double exact = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), exact);
    const bool is_tiny = problem != std::errc{} && rounded < 1 && rounded > -1;
    const bool is_huge = problem != std::errc{} && !is_tiny;
    digits.clear();
    if (is_huge) {
      failed = json::make_error_code(json::error::exponent_overflow);
      return false;
    }
    stack.push_double(is_tiny ? 0.0 : exact);
    return true;
  }
  bool on_bool(bool value, error_code&) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(error_code&) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

json::parse_options limits() {
  json::parse_options options;
  options.max_depth = most_json_levels;
  return options;
}

}  // namespace

struct json_parser::impl {
  json::basic_parser<value_builder> parser{limits()};
};

json_parser::json_parser() : impl_(std::make_unique<impl>()) {}

json_parser::~json_parser() = default;

json::value json_parser::parse(std::string_view text, json::storage_ptr storage,
                               boost::system::error_code& failed) {
  auto& parser = impl_->parser;
  auto& builder = parser.handler();
  parser.reset();
  builder.stack.reset(std::move(storage));
  builder.digits.clear();
  failed = {};
  const auto used = parser.write_some(false, text.data(), text.size(), failed);
  if (!failed && used < text.size())
    failed = json::make_error_code(json::error::extra_data);
  if (!failed)
    return builder.stack.release();
  // Nothing half-made may outlive the storage.
  builder.stack.reset();
  return nullptr;
}

json::value parse_json(std::string_view text, boost::system::error_code& failed) {
  json_parser parser;
  return parser.parse(text, {}, failed);
}

namespace {

bool same_number(const json::value& a, const json::value& b) {
  if (!a.is_double() && !b.is_double())
    return a == b;
  return a.to_number<double>() == b.to_number<double>();
}

bool same_members(const json::object& a, const json::object& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&b](const auto& member) {
           const auto* other = b.if_contains(member.key());
           return other != nullptr && same_json(member.value(), *other);
         });
}

}  // namespace

bool same_json(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number())
    return same_number(a, b);
  if (a.is_object() && b.is_object())
    return same_members(a.get_object(), b.get_object());
  if (a.is_array() && b.is_array())
    return std::equal(a.get_array().begin(), a.get_array().end(), b.get_array().begin(),
                      b.get_array().end(), &same_json);
  return a == b;
}

}  // namespace troupe
