#include "runtime/events/key_list.hpp"

namespace troupe {

std::string join_keys(std::span<const std::string> keys) {
  std::string text;
  for (const auto& key : keys) {
    if (&key != keys.data())
      text += '\n';
    for (const char c : key) {
      if (c == '\n')
        text += "\\n";
      else if (c == '\\')
        text += "\\\\";
      else
        text += c;
    }
  }
  return text;
}

void split_keys(std::string_view text, std::vector<std::string>& keys) {
  auto* key = &keys.emplace_back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n')
      key = &keys.emplace_back();
    else if (text[i] == '\\' && i + 1 < text.size())
      *key += text[++i] == 'n' ? '\n' : text[i];
    else
      *key += text[i];
  }
}

}  // namespace troupe
