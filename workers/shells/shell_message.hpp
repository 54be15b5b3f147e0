#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace troupe {

/// What the reader of a shell says (workers contract 6.5).
struct shell_message {
  enum class kind { input, size };
  kind what = kind::input;
  std::string_view bytes;  ///< with `input`
  std::uint16_t rows = 0;  ///< with `size`
  std::uint16_t columns = 0;
};

/// Takes a message apart; nothing when it is of no known kind, which is to be passed over.
std::optional<shell_message> read_shell_message(std::string_view message);

}  // namespace troupe
