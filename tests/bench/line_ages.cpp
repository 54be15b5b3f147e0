#include "tests/bench/line_ages.hpp"

#include <charconv>

namespace troupe_load {

namespace {

constexpr std::size_t digits_of_time = 19;

}  // namespace

void line_ages::take(std::string_view piece, std::int64_t at_ns) {
  for (auto end = piece.find('\n'); end != std::string_view::npos; end = piece.find('\n')) {
    if (rest_.empty()) {
      take_line(piece.substr(0, end), at_ns);
    } else {
      rest_ += piece.substr(0, end);
      take_line(rest_, at_ns);
      rest_.clear();
    }
    piece.remove_prefix(end + 1);
  }
  rest_ += piece;
}

void line_ages::take_line(std::string_view line, std::int64_t at_ns) {
  std::int64_t written_ns = 0;
  const auto* last = line.data() + line.size();
  const auto [end, failed] = std::from_chars(line.data(), last, written_ns);
  if (failed != std::errc{} || end - line.data() != digits_of_time || (end != last && *end != ' '))
    return;
  written_ns_.push_back(written_ns);
  us_.push_back(static_cast<float>(static_cast<double>(at_ns - written_ns) / 1e3));
}

std::vector<float> line_ages::us_since(std::int64_t joined_ns) const {
  std::vector<float> news;
  for (std::size_t i = 0; i < us_.size(); ++i)
    if (written_ns_[i] >= joined_ns)
      news.push_back(us_[i]);
  return news;
}

}  // namespace troupe_load
