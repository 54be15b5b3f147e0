#include "runtime/events/routing_fields.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::vector<std::string_view> words_of(std::string_view key) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto dot = key.find('.');
    words.push_back(key.substr(0, dot));
    if (dot == std::string_view::npos)
      return words;
    key.remove_prefix(dot + 1);
  }
}

std::string join(std::span<const std::string_view> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0)
      text += '.';
    text += words[i];
  }
  return text;
}

}  // namespace

outcome<std::vector<std::pair<std::string_view, std::string>>> read_routing_fields(
    std::span<const routing_field> fields, std::string_view routing_key) {
  const auto words = words_of(routing_key);
  const bool has_rest = std::any_of(fields.begin(), fields.end(),
                                    [](const routing_field& field) { return field.many_words; });
  if (has_rest ? words.size() < fields.size() : words.size() != fields.size())
    return make_api_error(error_code::input_error, "the routing key '" + std::string{routing_key} +
                                                       "' has " + std::to_string(words.size()) +
                                                       " words; its exchange has " +
                                                       std::to_string(fields.size()) + " fields");
  std::vector<std::pair<std::string_view, std::string>> result;
  std::span<const std::string_view> rest{words};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto take = fields[i].many_words ? rest.size() - (fields.size() - i - 1) : 1;
    result.emplace_back(fields[i].name, join(rest.first(take)));
    rest = rest.subspan(take);
  }
  return result;
}

}  // namespace troupe
