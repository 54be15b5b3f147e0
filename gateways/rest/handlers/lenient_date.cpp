#include "gateways/rest/handlers/lenient_date.hpp"

#include <array>
#include <string>

namespace troupe {

namespace {

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the next word, up to a blank.
std::string_view next_word(std::string_view& text) {
  const auto end = text.find(' ');
  const auto word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

// Two digits of a day, which may have one.
std::string day_of(std::string_view word) {
  return word.size() == 1 && is_digit(word[0]) ? "0" + std::string{word} : std::string{word};
}

std::string month_of(std::string_view word) {
  for (std::size_t i = 0; i < months.size(); ++i)
    if (months[i] == word)
      return (i < 9 ? "0" : "") + std::to_string(i + 1);
  return {};
}

// `GMT`, `UTC`, `Z`, `GMT+0130` or `+0130` as RFC 3339 has it; empty for something else.
std::string offset_of(std::string_view word) {
  if (word == "GMT" || word == "UTC" || word == "Z")
    return "Z";
  if (word.starts_with("GMT"))
    word.remove_prefix(3);
  if (word.size() != 5 || (word[0] != '+' && word[0] != '-'))
    return {};
  return std::string{word.substr(0, 3)} + ":" + std::string{word.substr(3)};
}

}  // namespace

std::optional<timestamp> parse_lenient_date(std::string_view text) {
  if (auto exact = parse_date_time(text))
    return exact;
  if (text.size() == 10 && is_digit(text[0]))
    return parse_date_time(std::string{text} + "T00:00:00Z");
  // A weekday, then day and month or month and day.
  const auto weekday = next_word(text);
  const bool comma = weekday.ends_with(',');
  if (weekday.size() != (comma ? 4u : 3u))
    return std::nullopt;
  auto first = next_word(text);
  auto second = next_word(text);
  if (comma)
    std::swap(first, second);
  const auto year = next_word(text);
  const auto time = next_word(text);
  const auto offset = offset_of(next_word(text));
  // What is left names the zone for people.
  if (offset.empty() || (!text.empty() && !text.starts_with('(')))
    return std::nullopt;
  return parse_date_time(std::string{year} + "-" + month_of(first) + "-" + day_of(second) + "T" +
                         std::string{time} + offset);
}

}  // namespace troupe
