#include "actors/log_stream/log_spool.hpp"
#include "tests/unit/actors/log_stream/log_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

namespace troupe {

namespace fs = std::filesystem;

namespace {

void age(const std::string& path, std::int64_t seconds) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::seconds{seconds});
}

}  // namespace

TEST_CASE("a spool is there when it was made, and knows its bytes and its end") {
  scratch_directory where;
  CHECK(log_spool::open(where.path, some_task(), 0, false) == nullptr);
  {
    const auto spool = log_spool::open(where.path + "/deeper", some_task(), 0, true);
    REQUIRE(spool != nullptr);
    CHECK(spool->opened_size() == 0);
    CHECK(spool->write(0, {piece("hello "), piece("world")}));
    CHECK(spool->write(6, {piece("there")}));
    CHECK(spool->read(4, 100) == "o there");
    CHECK(spool->read(100, 1).empty());
  }
  const auto again = log_spool::open(where.path + "/deeper", some_task(), 0, false);
  REQUIRE(again != nullptr);
  CHECK(again->opened_size() == 11);
  CHECK_FALSE(again->opened_finished());
  CHECK(again->finish());
  CHECK(log_spool::open(where.path + "/deeper", some_task(), 0, false)->opened_finished());
  CHECK(log_spool::open(where.path + "/deeper", some_task(), 1, false) == nullptr);
}

TEST_CASE("a torn tail is cut off, unless the log was finished") {
  scratch_directory where;
  const auto write = [&where](run_id run, const std::string& text) {
    std::ofstream{spool_path(where.path, run)} << text;
    return log_spool::open(where.path, some_task(), run, false);
  };
  CHECK(write(0, "kept" + std::string(100'000, '\0'))->opened_size() == 4);
  CHECK(fs::file_size(spool_path(where.path, 0)) == 4);
  CHECK(write(1, std::string(70'000, '\0'))->opened_size() == 0);
  CHECK(write(2, std::string("\0x", 2))->opened_size() == 2);
  std::ofstream{spool_path(where.path, 3) + ".done"};
  CHECK(write(3, std::string("x\0", 2))->opened_size() == 2);
}

TEST_CASE("a directory that cannot be written is told") {
  CHECK(log_spool::open("/proc/nowhere", some_task(), 0, true) == nullptr);
}

TEST_CASE("old spools go: finished ones soon, others later") {
  scratch_directory where;
  const auto make = [&where](run_id run, std::int64_t log_age, std::int64_t done_age) {
    const auto path = spool_path(where.path, run);
    std::ofstream{path} << "x";
    age(path, log_age);
    if (done_age >= 0) {
      std::ofstream{path + ".done"};
      age(path + ".done", done_age);
    }
  };
  make(0, 10'000, -1);
  make(1, 200'000, -1);
  make(2, 200'000, 10);
  make(3, 10'000, 4000);
  std::ofstream{spool_path(where.path, 4) + ".done"};
  age(spool_path(where.path, 4) + ".done", 4000);
  remove_old_spools(where.path, 100'000, 3600);
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator{where.path})
    left.insert(entry.path().filename().string());
  const auto task = some_task().str();
  CHECK(left == std::set<std::string>{task + "-0.log", task + "-2.log", task + "-2.log.done"});
  remove_old_spools(where.path + "/none", 1, 1);
}

}  // namespace troupe
