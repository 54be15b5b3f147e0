#include "workers/shells/shell_host.hpp"

#include <catch2/catch_all.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace troupe;

namespace {

void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  ::close(made);
}

}  // namespace

TEST_CASE("workers 6.5: displays are the sockets of X servers, in order", "[displays]") {
  char place[] = "/tmp/troupe-displays-XXXXXX";
  REQUIRE(::mkdtemp(place) != nullptr);
  const std::string directory = place;
  CHECK(displays_in(directory).empty());
  for (const auto* name : {"/X10", "/X2", "/X", "/Xa", "/Y1", "/X123456", "/X1-"})
    make_socket(directory + name);
  std::ofstream{directory + "/X3"} << "no socket";
  std::filesystem::create_symlink(directory + "/X2", directory + "/X4");
  CHECK(displays_in(directory) == std::vector<std::string>{":2", ":10"});
  CHECK(displays_in(directory + "/none").empty());
  std::filesystem::remove_all(directory);
}
