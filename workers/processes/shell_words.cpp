#include "workers/processes/shell_words.hpp"

namespace troupe {

std::string shell_words(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) {
    text += text.empty() ? "'" : " '";
    for (const char c : word)
      text += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    text += "'";
  }
  return text;
}

}  // namespace troupe
