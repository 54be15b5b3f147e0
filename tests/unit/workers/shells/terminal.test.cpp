#include "workers/shells/terminal.hpp"

#include <catch2/catch_test_macros.hpp>

#include <sys/ioctl.h>
#include <unistd.h>

using namespace troupe;

TEST_CASE("a terminal has a size from the beginning, and another when it is told") {
  const auto ends = open_terminal();
  REQUIRE(ends.has_value());
  winsize size{};
  REQUIRE(::ioctl(ends->its, TIOCGWINSZ, &size) == 0);
  CHECK(size.ws_row == 24);
  CHECK(size.ws_col == 80);
  resize_terminal(ends->ours, 300, 400);
  REQUIRE(::ioctl(ends->its, TIOCGWINSZ, &size) == 0);
  CHECK(size.ws_row == 300);
  CHECK(size.ws_col == 400);
  ::close(ends->its);
  ::close(ends->ours);
}
