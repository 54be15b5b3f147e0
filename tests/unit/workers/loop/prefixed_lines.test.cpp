#include "workers/loop/prefixed_lines.hpp"

#include <catch2/catch_all.hpp>

using troupe::prefixed_lines;

TEST_CASE("each line has the prefix, in whatever pieces it comes", "[prefixed_lines]") {
  prefixed_lines lines{"> "};
  CHECK(lines.take("a") == "");
  CHECK(lines.take("b\nc\n\nd") == "> ab\n> c\n> \n");
  CHECK(lines.take("\n") == "> d\n");
  CHECK(lines.finish() == "");
  CHECK(lines.take("e") == "");
  CHECK(lines.finish() == "> e\n");
  CHECK(lines.finish() == "");
}

TEST_CASE("what never ends a line is not kept without end", "[prefixed_lines]") {
  constexpr auto longest = prefixed_lines::longest_line;
  prefixed_lines lines{"> "};
  const std::string line(longest, 'x');
  CHECK(lines.take(line + line + "y") == "> " + line + "\n> " + line + "\n");
  CHECK(lines.take("\n") == "> y\n");
  CHECK(lines.take(line + "\nz\n") == "> " + line + "\n> z\n");
}
