#include "runtime/log/record_writer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

/// A place to write to that can be shut.
struct gate {
  void write(std::string_view lines) {
    std::unique_lock lock{mutex};
    ++entered;
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    text += lines;
  }
  void set(bool to) {
    const std::lock_guard lock{mutex};
    open = to;
    changed.notify_all();
  }
  void wait_for_writer() {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return entered > 0; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = true;
  int entered = 0;
  std::string text;
};

std::string line_of(int thread, int number) {
  return std::to_string(thread) + ":" + std::to_string(number) + "\n";
}

}  // namespace

TEST_CASE("lines of all threads are written whole, and each thread's in its order") {
  gate out;
  {
    record_writer writer{[&out](std::string_view lines) { out.write(lines); }, {1 << 20, 1ms}};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&writer, thread] {
        for (int number = 0; number < 2000; ++number)
          writer.add(line_of(thread, number));
      });
    for (auto& thread : threads)
      thread.join();
    CHECK(writer.dropped() == 0);
  }
  std::vector<int> next(4, 0);
  std::string_view rest{out.text};
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    REQUIRE(end != std::string_view::npos);
    const auto thread = static_cast<std::size_t>(rest[0] - '0');
    REQUIRE(rest.substr(0, end + 1) == line_of(static_cast<int>(thread), next.at(thread)));
    ++next.at(thread);
    rest.remove_prefix(end + 1);
  }
  CHECK(next == std::vector<int>(4, 2000));
}

TEST_CASE("what waits when the log ends is written") {
  gate out;
  {
    record_writer writer{[&out](std::string_view lines) { out.write(lines); }, {1 << 20, 1h}};
    writer.add("last words\n");
  }
  CHECK(out.text == "last words\n");
}

TEST_CASE("much is written without waiting for more") {
  gate out;
  record_writer writer{[&out](std::string_view lines) { out.write(lines); }, {1 << 20, 1h}};
  for (int i = 0; i < 200; ++i)
    writer.add(std::string(1023, 'x') + "\n");
  out.wait_for_writer();
}

TEST_CASE("what is urgent is written without waiting for more, with what waits") {
  gate out;
  record_writer writer{[&out](std::string_view lines) { out.write(lines); }, {1 << 20, 1h}};
  writer.add("before\n");
  writer.add_at_once("error\n");
  out.wait_for_writer();
  const std::lock_guard lock{out.mutex};
  CHECK(out.text.starts_with("before\n"));
}

TEST_CASE("a log that nobody reads stops nobody, and tells how many lines are missing") {
  gate out;
  out.set(false);
  {
    record_writer writer{[&out](std::string_view lines) { out.write(lines); }, {100, 0ms}};
    writer.add("first\n");
    out.wait_for_writer();
    writer.add(std::string(79, 'a') + "\n");
    writer.add(std::string(29, 'b') + "\n" + "b\n");
    writer.add("fits\n");
    CHECK(writer.dropped() == 2);
    out.set(true);
  }
  CHECK(out.text == "first\n" + std::string(79, 'a') + "\nfits\n");
}
