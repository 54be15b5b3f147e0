#pragma once

#include "messages/api_error.hpp"

#include <cstdint>

namespace troupe {

/// The two ends of a terminal that a shell gets.
struct terminal_ends {
  int ours = -1;  ///< what is written here is typed, what is read is shown; non-blocking
  int its = -1;   ///< the terminal itself
};

/// Makes a terminal; the caller closes both ends. The error says what the system lacks.
outcome<terminal_ends> open_terminal();

/// Tells the terminal how large its window is.
void resize_terminal(int ours, std::uint16_t rows, std::uint16_t columns);

}  // namespace troupe
