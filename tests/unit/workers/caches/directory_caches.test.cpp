#include "workers/caches/directory_caches.hpp"

#include "runtime/clock/clock.hpp"
#include "tests/unit/workers/files/scratch.hpp"

#include <catch2/catch_all.hpp>

#include <thread>

using namespace troupe;
namespace fs = std::filesystem;

namespace {

timestamp later() { return system_clock{}.now() + std::chrono::minutes{1}; }

std::unique_ptr<held_cache> get(directory_caches& caches, const std::string& name,
                                const std::string& place) {
  auto held = std::move(caches.take(name, place).value());
  return held ? std::move(held) : std::move(caches.make(name, place).value());
}

std::size_t entries(const std::string& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{directory}, {}));
}

}  // namespace

TEST_CASE("workers 7: caches survive between tasks", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  auto held = get(caches, "name/with: all", place / "task1");
  place.write("task1/deep/file", "kept");
  REQUIRE(held->give_back().has_value());
  CHECK_FALSE(place.has("task1"));
  {
    // Also over a new start of the worker.
    directory_caches again{place / "root"};
    held = get(again, "name/with: all", place / "task2");
    CHECK(place.read("task2/deep/file") == "kept");
    CHECK(get(again, "other", place / "task3")->name() == "other");
  }
  REQUIRE(held->give_back().has_value());
}

TEST_CASE("workers 7: two tasks never hold one copy together", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  directory_caches of_another_worker{place / "root"};
  auto first = get(caches, "c", place / "first");
  place.write("first/mine", "");
  auto second = get(of_another_worker, "c", place / "second");
  CHECK_FALSE(place.has("second/mine"));
  REQUIRE(first->give_back().has_value());
  auto third = get(of_another_worker, "c", place / "third");
  CHECK(place.has("third/mine"));
  REQUIRE(second->give_back().has_value());
  REQUIRE(third->give_back().has_value());
  CHECK(entries(place / "root") == 2);
}

TEST_CASE("a cache that is not given back is gone", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  get(caches, "c", place / "task").reset();
  CHECK_FALSE(place.has("task"));
  CHECK(entries(place / "root") == 0);
  CHECK(caches.take("c", place / "task").value() == nullptr);
}

TEST_CASE("what a killed worker held is removed, what others hold is not", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  auto held = get(caches, "c", place / "task");
  fs::create_directories(place / "root/lost");
  place.write("root/lost/lock", "");
  place.write("root/lost/about.json", R"({"name": "c", "created": 1, "used": 1})");
  place.write("root/.new-half/lock", "");
  directory_caches again{place / "root"};
  CHECK_FALSE(place.has("root/lost"));
  CHECK_FALSE(place.has("root/.new-half"));
  REQUIRE(held->give_back().has_value());
  CHECK(get(again, "c", place / "task")->give_back().has_value());
}

TEST_CASE("workers 3.1.2: purging drops copies of the name, those in use when they come back",
          "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  REQUIRE(get(caches, "other", place / "task")->give_back().has_value());
  auto busy = get(caches, "c", place / "busy");
  REQUIRE(get(caches, "c", place / "task")->give_back().has_value());
  CHECK(caches.purge("c", timestamp{1}) == 0);
  CHECK(entries(place / "root") == 3);
  CHECK(caches.purge("c", later()) == 2);
  CHECK(entries(place / "root") == 2);
  REQUIRE(busy->give_back().has_value());
  CHECK_FALSE(place.has("busy"));
  CHECK(entries(place / "root") == 1);
}

TEST_CASE("workers 3.1.2: the copy that was not used for the longest time goes first", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  for (const auto* name : {"a", "b", "c"}) {
    REQUIRE(get(caches, name, place / "task")->give_back().has_value());
    std::this_thread::sleep_for(std::chrono::milliseconds{3});
  }
  REQUIRE(get(caches, "a", place / "task")->give_back().has_value());
  auto busy = get(caches, "b", place / "busy");
  CHECK(caches.drop_oldest());
  CHECK(caches.take("c", place / "task").value() == nullptr);
  CHECK(caches.drop_oldest());
  CHECK_FALSE(caches.drop_oldest());
  REQUIRE(busy->give_back().has_value());
}

TEST_CASE("a cache that the task replaced is an error, and gone", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  auto held = get(caches, "c", place / "task");
  fs::remove_all(place / "task");
  fs::create_directory_symlink("/etc", place / "task");
  CHECK_FALSE(held->give_back().has_value());
  held.reset();
  CHECK(fs::exists("/etc/passwd"));
  CHECK(entries(place / "root") == 0);
}

TEST_CASE("read-only directories in a cache are kept and dropped like others", "[caches]") {
  const scratch place;
  directory_caches caches{place / "root"};
  auto held = get(caches, "c", place / "task");
  place.write("task/module/file", "x");
  fs::permissions(place / "task/module", fs::perms::owner_read | fs::perms::owner_exec);
  REQUIRE(held->give_back().has_value());
  CHECK(caches.purge("c", later()) == 1);
  CHECK(entries(place / "root") == 0);
}
