#include "workers/shells/shell_message.hpp"

namespace troupe {

namespace {

constexpr char input_mark = 1;
constexpr char size_mark = 2;

// The lower byte comes first.
std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) |
                                    static_cast<unsigned char>(bytes[at + 1]) << 8);
}

}  // namespace

std::optional<shell_message> read_shell_message(std::string_view message) {
  constexpr std::size_t size_length = 5;
  if (message.empty())
    return {};
  if (message.front() == input_mark)
    return shell_message{shell_message::kind::input, message.substr(1)};
  if (message.front() == size_mark && message.size() == size_length)
    return shell_message{
        shell_message::kind::size, {}, number_at(message, 1), number_at(message, 3)};
  return {};
}

}  // namespace troupe
