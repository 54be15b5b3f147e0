#include "runtime/process/program_pages.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>
#include <string>

namespace troupe {
namespace {

// What of files is in memory, in KB.
long file_pages() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssFile:"))
      return std::stol(line.substr(8));
  return 0;
}

TEST_CASE("code that is let go of takes no memory, and is there when it is needed") {
  const auto before = file_pages();
  REQUIRE(before > 0);
  let_go_of_code();
  CHECK(file_pages() < before);
  // This is read by code that comes back.
  let_go_of_code();
  CHECK(file_pages() > 0);
}

}  // namespace
}  // namespace troupe
