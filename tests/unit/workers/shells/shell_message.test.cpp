#include "workers/shells/shell_message.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>

using namespace troupe;
using namespace std::string_literals;

TEST_CASE("workers 6.5: what is typed follows a 1, the size of the window a 2") {
  const auto message = "\x01ls\n"s;
  const auto typed = read_shell_message(message);
  REQUIRE(typed);
  CHECK(typed->what == shell_message::kind::input);
  CHECK(typed->bytes == "ls\n");
  CHECK(read_shell_message("\x01"s)->bytes.empty());
  const auto size = read_shell_message("\x02\x21\x00\x2c\x01"s);
  REQUIRE(size);
  CHECK(size->what == shell_message::kind::size);
  CHECK(size->rows == 33);
  CHECK(size->columns == 300);
}

TEST_CASE("messages of another kind, or of a wrong length, say nothing") {
  CHECK_FALSE(read_shell_message(""));
  CHECK_FALSE(read_shell_message("\x02\x21\x00\x2c"s));
  CHECK_FALSE(read_shell_message("\x02\x21\x00\x2c\x01\x00"s));
  CHECK_FALSE(read_shell_message("\x03x"s));
  CHECK_FALSE(read_shell_message("ls\n"));
}
