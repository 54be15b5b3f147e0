#pragma once

#include <termios.h>
#include <cstdint>
#include <optional>

namespace troupe {

/// The terminal on standard input, while it is handed to a program elsewhere: what is typed comes
/// at once and as it is, until this goes. Does nothing where standard input is none.
class local_terminal {
 public:
  local_terminal();
  ~local_terminal();
  local_terminal(const local_terminal&) = delete;
  local_terminal& operator=(const local_terminal&) = delete;

  /// Whether there is one.
  bool is_there() const { return before_.has_value(); }

 private:
  std::optional<termios> before_;
};

/// Rows and columns of a window.
struct window_size {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
};

/// That of the terminal on standard input; nothing without one.
std::optional<window_size> size_of_window();

}  // namespace troupe
