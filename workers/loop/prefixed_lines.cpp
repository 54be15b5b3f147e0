#include "workers/loop/prefixed_lines.hpp"

#include <algorithm>

namespace troupe {

std::string prefixed_lines::take(std::string_view bytes) {
  std::string whole;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, std::min(end, longest_line - begun_.size()));
    begun_ += part;
    bytes.remove_prefix(part.size());
    if (begun_.size() < longest_line && end == std::string_view::npos)
      continue;
    whole += prefix_ + begun_ + "\n";
    begun_.clear();
    if (!bytes.empty() && bytes.front() == '\n')
      bytes.remove_prefix(1);
  }
  return whole;
}

std::string prefixed_lines::finish() {
  if (begun_.empty())
    return {};
  auto line = prefix_ + begun_ + "\n";
  begun_.clear();
  return line;
}

}  // namespace troupe
