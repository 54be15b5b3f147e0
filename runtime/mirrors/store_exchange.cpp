#include "runtime/mirrors/store_exchange.hpp"

#include <charconv>

namespace troupe {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_told = 300;  // of what a store says when it fails

std::string without_line_ends(std::string text) {
  for (auto& c : text)
    if (static_cast<unsigned char>(c) < ' ')
      c = ' ';
  return text;
}

}  // namespace

asio::awaitable<void> store_exchange::refuse(const web_answer& answer) {
  auto text = name_ + " answered " + std::to_string(answer.status) + " ";
  text += co_await attempt([](web_channel& on) { return on.receive(longest_told); });
  throw copy_trouble{without_line_ends(std::move(text))};
}

std::uint64_t size_in(const web_answer& answer) {
  const auto text = answer.header("content-length");
  std::uint64_t size = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || failed != std::errc{} || end != text.data() + text.size())
    throw copy_trouble{"the store does not say how many bytes there are", true};
  return size;
}

}  // namespace troupe
