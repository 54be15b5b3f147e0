#include "runtime/blobs/blob_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <future>

using namespace troupe;

namespace {

struct store_fixture {
  std::string directory;
  std::unique_ptr<blob_store> store;

  store_fixture() {
    char name[] = "/tmp/troupe-blobs-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    directory = name;
    reopen();
  }
  ~store_fixture() {
    store.reset();
    std::filesystem::remove_all(directory);
  }

  void reopen() {
    store = std::make_unique<blob_store>(directory + "/blobs", 1);
    REQUIRE(store->open().has_value());
  }

  blob_info put(std::string_view key, std::string_view bytes, std::string_view type = "a/b",
                std::string_view encoding = "") {
    auto writer = store->create(key, type, encoding);
    REQUIRE(writer.has_value());
    REQUIRE((*writer)->write(bytes).has_value());
    auto info = (*writer)->finish();
    REQUIRE(info.has_value());
    return *info;
  }

  std::string get(std::string_view key) {
    auto reader = store->read(key);
    REQUIRE(reader.has_value());
    return *(*reader)->read(0, 1 << 20);
  }

  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
      count += entry.is_regular_file() ? 1 : 0;
    return count;
  }
};

}  // namespace

TEST_CASE_METHOD(store_fixture, "a blob comes back with type, encoding, size and digest") {
  put("task/0/public/x", "hello", "text/plain; charset=utf-8", "gzip");
  reopen();
  auto reader = store->read("task/0/public/x");
  REQUIRE(reader.has_value());
  const auto& info = (*reader)->info();
  CHECK(info.content_type == "text/plain; charset=utf-8");
  CHECK(info.content_encoding == "gzip");
  CHECK(info.size == 5);
  // The first half of SHA-256 of "hello".
  CHECK(info.etag == "\"2cf24dba5fb0a30e26e83b2ac5b9e29e\"");
  CHECK(*(*reader)->read(0, 100) == "hello");
  CHECK(*(*reader)->read(1, 3) == "ell");
  CHECK((*reader)->read(5, 3)->empty());
  CHECK((*reader)->read(500, 3)->empty());
}

TEST_CASE_METHOD(store_fixture, "section 2.3 hashes of what was uploaded are kept with it") {
  put("upload/x", "hello");
  put("other", "hello");
  REQUIRE(store->move("upload/x", "object/x").has_value());
  reopen();
  const auto info = (*store->read("object/x"))->info();
  CHECK(info.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  CHECK(
      info.sha512.starts_with("9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7"));
  CHECK((*store->read("other"))->info().sha256 == info.sha256);
  CHECK((*store->read("other"))->info().sha512.empty());
}

TEST_CASE_METHOD(store_fixture, "an upload is invisible until it is finished") {
  {
    auto writer = store->create("k", "a/b", "");
    REQUIRE(writer.has_value());
    REQUIRE((*writer)->write("half").has_value());
    CHECK(store->read("k").error().code == error_code::resource_not_found);
  }
  CHECK(files() == 0);
}

TEST_CASE_METHOD(store_fixture, "a later upload replaces a blob; who reads the old one keeps it") {
  put("k", "old");
  auto reader = store->read("k");
  REQUIRE(reader.has_value());
  put("k", "new!");
  CHECK(*(*reader)->read(0, 100) == "old");
  CHECK(get("k") == "new!");
  CHECK(files() == 1);
}

TEST_CASE_METHOD(store_fixture, "no key can name a place outside the store") {
  for (const std::string key : {"../../etc/passwd", "/etc/passwd", "..", "", "a/../../b", "\0x"}) {
    put(key, "x");
    CHECK(get(key) == "x");
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    CHECK(entry.path().filename() == "blobs");
}

TEST_CASE_METHOD(store_fixture, "a very long key and an empty blob are fine") {
  const std::string key(100000, 'k');
  put(key, "");
  CHECK(get(key).empty());
}

TEST_CASE_METHOD(store_fixture, "what a crash left half uploaded is removed at the next start") {
  auto writer = store->create("k", "a/b", "");
  REQUIRE(writer.has_value());
  CHECK(files() == 1);
  reopen();
  CHECK(files() == 0);
}

TEST_CASE_METHOD(store_fixture, "removing is fine when there is nothing") {
  put("k", "x");
  CHECK(store->remove("k").has_value());
  CHECK(store->remove("k").has_value());
  CHECK_FALSE(store->read("k").has_value());
}

TEST_CASE_METHOD(store_fixture, "what was uploaded moves to its final key, once or again") {
  put("upload/1", "hello", "text/plain");
  REQUIRE(store->move("upload/1", "t/1").has_value());
  CHECK_FALSE(store->read("upload/1").has_value());
  CHECK(get("t/1") == "hello");
  CHECK(store->move("upload/1", "t/1").has_value());
  CHECK(get("t/1") == "hello");
  CHECK(files() == 1);
  const auto nothing = store->move("upload/2", "t/2");
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().code == error_code::input_error);
}

TEST_CASE("a directory that cannot be made is said clearly") {
  blob_store store("/proc/nothing-here", 1);
  const auto opened = store.open();
  REQUIRE_FALSE(opened.has_value());
  CHECK(opened.error().message.find("/proc/nothing-here") != std::string::npos);
}

TEST_CASE_METHOD(store_fixture, "the pool runs jobs on threads of its own") {
  std::promise<std::thread::id> where;
  store->pool().run([&where] { where.set_value(std::this_thread::get_id()); });
  CHECK(where.get_future().get() != std::this_thread::get_id());
}
