#include "actors/log_stream/log_spool.hpp"
#include "tests/unit/actors/log_stream/log_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <map>

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

TEST_CASE("workers 6: a log that is to be kept is found by the next server, until it is kept") {
  scratch_directory where;
  const auto end = [&where](run_id run, bool to_be_kept) {
    REQUIRE(log_spool::open(where.path, some_task(), run, true)->finish(to_be_kept));
  };
  const auto found = [&where] {
    std::map<run_id, bool> runs;
    for (const auto& left : find_left_spools(where.path)) {
      CHECK(left.task == some_task());
      runs[left.run] = left.finished;
    }
    return runs;
  };
  end(0, false);
  end(1, true);
  REQUIRE(log_spool::open(where.path, some_task(), 2, true));
  std::ofstream{where.path + "/stranger.log"};
  std::ofstream{where.path + "/" + some_task().str() + "-x.log"};
  CHECK(found() == std::map<run_id, bool>{{1, true}, {2, false}});
  forget_keeping(where.path, some_task(), 1);
  CHECK(found() == std::map<run_id, bool>{{2, false}});
  CHECK(log_spool::open(where.path, some_task(), 1, false)->opened_finished());
  end(1, true);
  remove_spool(where.path, some_task(), 1);
  CHECK(log_spool::open(where.path, some_task(), 1, false) == nullptr);
  CHECK_FALSE(fs::exists(spool_path(where.path, 1) + ".done"));
  CHECK_FALSE(fs::exists(spool_path(where.path, 1) + ".keep"));
}

TEST_CASE("workers 6: a finished log stays until it is kept, as long as one that nobody finished") {
  scratch_directory where;
  REQUIRE(log_spool::open(where.path, some_task(), 0, true)->finish(true));
  for (const auto* suffix : {"", ".done", ".keep"})
    age(spool_path(where.path, 0) + suffix, 7200);
  remove_old_spools(where.path, 86400);
  CHECK(find_left_spools(where.path).size() == 1);
  remove_old_spools(where.path, 3000);
  CHECK(fs::is_empty(where.path));
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
