#include "runtime/config/load_settings.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace troupe;

namespace {

constexpr std::string_view begin_mark = "| setting | default | |\n";
constexpr std::string_view end_mark = "\n\n";

std::string render() {
  std::ostringstream out;
  out << begin_mark << "|---|---|---|\n";
  const settings defaults;
  for (const auto& option : setting_options()) {
    const auto value = option.write(defaults);
    out << "| `" << option.name << "` | " << (value.empty() ? "" : "`" + value + "`") << " | "
        << option.help << " |\n";
  }
  return out.str();
}

}  // namespace

TEST_CASE("the operations document lists every setting with its default") {
  const std::string path = TROUPE_TEST_DATA "/../../docs/operations.md";
  std::ostringstream found;
  found << std::ifstream{path}.rdbuf();
  auto text = found.str();
  const auto begin = text.find(begin_mark);
  REQUIRE(begin != std::string::npos);
  const auto end = text.find(end_mark, begin);
  REQUIRE(end != std::string::npos);
  const auto expected = render();
  const auto table = text.substr(begin, end + 1 - begin);
  if (std::getenv("TROUPE_UPDATE_DOCS") != nullptr) {
    text.replace(begin, table.size(), expected);
    std::ofstream{path} << text;
    return;
  }
  INFO("run this test with TROUPE_UPDATE_DOCS=1 to write it anew");
  CHECK(table == expected);
}
