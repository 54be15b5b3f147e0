#include "runtime/config/file_section.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <fstream>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::size_t largest_file = 1024 * 1024;

// Of a text that is not JSON.
std::size_t line_of_trouble(std::string_view text) {
  json::stream_parser parser;
  boost::system::error_code failed;
  const auto fine = parser.write_some(text.data(), text.size(), failed);
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + fine, '\n'));
}

}  // namespace

void complain(std::string text) { throw wrong_setting{std::move(text)}; }

file_section::file_section(const json::value& from, std::string name,
                           std::initializer_list<std::string_view> known)
    : members_(from.if_object()), name_(std::move(name)) {
  if (members_ == nullptr)
    complain(name_ + " must be an object");
  for (const auto& [member, value] : *members_)
    if (std::find(known.begin(), known.end(), std::string_view{member}) == known.end())
      complain(name_ + " has an unknown member '" + std::string{member} + "'");
}

std::string file_section::text(std::string_view member) const {
  auto found = optional_text(member, {});
  if (found.empty())
    complain(name_ + " needs the member '" + std::string{member} + "', a text");
  return found;
}

std::string file_section::optional_text(std::string_view member, std::string otherwise) const {
  const auto* found = find(member);
  if (found == nullptr)
    return otherwise;
  const auto* text = found->if_string();
  if (text == nullptr || text->empty())
    complain(name_ + "." + std::string{member} + " must be a text that is not empty");
  return std::string{*text};
}

bool file_section::flag(std::string_view member, bool otherwise) const {
  const auto* found = find(member);
  if (found == nullptr)
    return otherwise;
  if (!found->is_bool())
    complain(name_ + "." + std::string{member} + " must be true or false");
  return found->get_bool();
}

const json::array& list_of(const json::value& from, const std::string& name) {
  if (!from.is_array())
    complain(name + " must be a list");
  return from.get_array();
}

const json::object& map_of(const json::value& from, const std::string& name,
                           std::string_view what) {
  if (!from.is_object())
    complain(name + " must be an object, " + std::string{what});
  return from.get_object();
}

std::string read_settings_text(std::string_view text,
                               const std::function<void(const json::value&)>& read) {
  boost::system::error_code failed;
  const auto parsed = json::parse(text, failed);
  if (failed)
    return "it is not JSON: " + failed.message() + " in line " +
           std::to_string(line_of_trouble(text));
  try {
    read(parsed);
  } catch (wrong_setting& wrong) {
    return std::move(wrong.text);
  }
  return {};
}

std::string read_settings_file(const std::string& path,
                               const std::function<std::string(std::string_view)>& read) {
  std::ifstream in(path);
  std::string text;
  for (char c = 0; text.size() < largest_file && in.get(c);)
    text += c;
  if (text.empty())
    return "cannot read '" + path + "': check that it is there, readable, and not empty";
  auto wrong = read(text);
  return wrong.empty() ? wrong : "'" + path + "': " + wrong;
}

}  // namespace troupe
