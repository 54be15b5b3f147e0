#include "workers/sandbox/sandbox.hpp"

#include <catch2/catch_all.hpp>

#include <algorithm>
#include <cstdlib>

using namespace troupe;

namespace {

using words = std::vector<std::string>;

// Where the words stand one after the other; -1: nowhere.
std::ptrdiff_t place_of(const words& in, const words& what) {
  const auto at = std::search(in.begin(), in.end(), what.begin(), what.end());
  return at == in.end() ? -1 : at - in.begin();
}

}  // namespace

TEST_CASE("workers 5.4: a sandboxed command has its own /tmp and a read-only system", "[sandbox]") {
  const sandbox_rules rules{
      true, {"/usr/share", "/etc/passwd", "/no/such/place"}, {"/usr/share/doc"}};
  const auto made = sandboxed(rules, "/d/task", {"echo", "--bind", "a b"});
  CHECK(made.at(0) == "bwrap");
  CHECK(place_of(made, {"--ro-bind", "/", "/"}) > 0);
  CHECK(place_of(made, {"--bind", "/d/task/tmp", "/tmp"}) > 0);
  CHECK(place_of(made, {"--bind", "/d/task/work", "/d/task/work"}) > 0);
  CHECK(place_of(made, {"--tmpfs", "/usr/share"}) > place_of(made, {"--ro-bind", "/", "/"}));
  CHECK(place_of(made, {"--ro-bind", "/dev/null", "/etc/passwd"}) > 0);
  CHECK(place_of(made, {"--ro-bind", "/usr/share/doc", "/usr/share/doc"}) >
        place_of(made, {"--tmpfs", "/usr/share"}));
  CHECK(place_of(made, {"/no/such/place"}) == -1);
  CHECK(place_of(made, {"--unshare-net"}) == -1);
  CHECK(place_of(made, {"--", "echo", "--bind", "a b"}) + 4 ==
        static_cast<std::ptrdiff_t>(made.size()));
  CHECK(place_of(sandboxed({false, {}, {}}, "/d/task", {"true"}), {"--unshare-net"}) > 0);
}

TEST_CASE("workers 5.4: why there can be no sandbox is said", "[sandbox]") {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/no/such/place", 1);
  const auto result = try_sandbox({}, "/tmp");
  ::setenv("PATH", path.c_str(), 1);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().message.find("bwrap: No such file") != std::string::npos);
  CHECK(result.error().message.find("Debian: bubblewrap") != std::string::npos);
}
