#include "app/local_terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

namespace troupe {

local_terminal::local_terminal() {
  termios now{};
  if (::tcgetattr(STDIN_FILENO, &now) != 0)
    return;
  before_ = now;
  ::cfmakeraw(&now);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &now);
}

local_terminal::~local_terminal() {
  if (before_)
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
}

std::optional<window_size> size_of_window() {
  winsize size{};
  if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
    return {};
  return window_size{size.ws_row, size.ws_col};
}

}  // namespace troupe
