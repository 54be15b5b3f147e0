#include "tests/unit/workers/files/scratch.hpp"
#include "workers/engines/container/container_run.hpp"
#include "workers/engines/container/image_store.hpp"
#include "workers/engines/container/podman.hpp"

#include <catch2/catch_all.hpp>

#include <filesystem>

using namespace troupe;
namespace fs = std::filesystem;

TEST_CASE("workers 3.2: pulls are further apart each time, a quarter more or less", "[images]") {
  using namespace std::chrono_literals;
  CHECK(pause_before_pull(1, 0.5) == 15s);
  CHECK(pause_before_pull(2, 0.5) == 30s);
  CHECK(pause_before_pull(4, 0.5) == 120s);
  CHECK(pause_before_pull(1, 0) == 11250ms);
  CHECK(pause_before_pull(1, 1) == 18750ms);
}

TEST_CASE("workers 3.2: images of registries with credentials need a scope", "[images]") {
  const scratch place;
  const auto file =
      place.write("auth", R"({"auths": {"example.com": {}, "docker.io/team": {}, "a:5000": {}}})");
  CHECK(has_credentials(file, "example.com/x:latest"));
  CHECK(has_credentials(file, "docker.io/team/x:latest"));
  CHECK(has_credentials(file, "docker.io/team:latest"));
  CHECK(has_credentials(file, "a:5000/x:latest"));
  CHECK_FALSE(has_credentials(file, "example.com.org/x:latest"));
  CHECK_FALSE(has_credentials(file, "docker.io/teammate/x:latest"));
  CHECK_FALSE(has_credentials(file, "docker.io/library/x:latest"));
  CHECK_FALSE(has_credentials("", "example.com/x:latest"));
  CHECK_FALSE(has_credentials(place / "none", "example.com/x:latest"));
  CHECK_FALSE(has_credentials(place.write("bad", "auths"), "example.com/x:latest"));
}

TEST_CASE("links of a container that mean something else on the machine go", "[images]") {
  const scratch place;
  place.write("tree/deep/file", "x");
  place.write("outside", "secret");
  const auto root = place / "tree";
  fs::create_symlink("deep/file", root + "/within");
  fs::create_symlink("../deep", root + "/deep/up");
  fs::create_symlink("nowhere", root + "/lost");
  fs::create_symlink("../outside", root + "/out");
  fs::create_symlink("/etc/passwd", root + "/deep/absolute");
  fs::create_symlink("/etc", root + "/etc");
  fs::create_symlink("deep/absolute", root + "/chain");
  fs::create_symlink("self", root + "/self");
  CHECK(remove_links_out_of(root) == 5);
  for (const auto* kept : {"/within", "/deep/up", "/lost"})
    CHECK(fs::is_symlink(root + kept));
  for (const auto* gone : {"/out", "/deep/absolute", "/etc", "/chain", "/self"})
    CHECK_FALSE(fs::is_symlink(root + gone));
  CHECK(fs::exists(root + "/deep/file"));
  CHECK(remove_links_out_of(place / "none") == 0);
}

TEST_CASE("variables by which podman itself is set are known", "[images]") {
  for (const auto* name : {"PATH", "HOME", "CONTAINERS_CONF", "STORAGE_DRIVER", "XDG_RUNTIME_DIR",
                           "https_proxy", "LD_PRELOAD"})
    CHECK(is_variable_of_podman(name));
  for (const auto* name : {"MOZ_FETCHES", "TASK_ID", "PATHS"})
    CHECK_FALSE(is_variable_of_podman(name));
}
