#include "actors/log_stream/log_directory_actor.hpp"
#include "tests/unit/actors/log_stream/log_bench.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace troupe {

namespace {

std::string file_text(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("an append is answered when the spool has it") {
  scratch_directory where;
  log_bench logs{where.path};
  const auto first = logs.append(0, "hello ");
  CHECK(first.status == 200);
  CHECK(first.body == R"({"offset":6})");
  CHECK(file_text(spool_path(where.path, 0)) == "hello ");
  CHECK(logs.append(6, "world").body == R"({"offset":11})");
  CHECK(logs.append(0, "hello").body == R"({"offset":11})");
  const auto gap = logs.append(12, "x");
  CHECK(gap.status == 409);
  CHECK(gap.body.find(R"("offset":11})") != std::string::npos);
  CHECK(logs.finish().body == R"({"offset":11})");
  CHECK(logs.finish().status == 200);
  const auto late = logs.append(11, "!");
  REQUIRE(late.error != nullptr);
  CHECK(late.error->code == error_code::request_conflict);
  CHECK(file_text(spool_path(where.path, 0)) == "hello world");
}

TEST_CASE("followers get the log from where they ask, and its end") {
  scratch_directory where;
  log_bench logs{where.path};
  logs.append(0, "one ");
  const auto all = logs.follow(0);
  const auto elsewhere = logs.follow(2, 1);
  const auto ahead = logs.follow(9);
  CHECK(all->wait_for(4) == "one ");
  logs.append(4, "two ");
  CHECK(all->wait_for(8) == "one two ");
  logs.append(8, "three");
  logs.finish();
  CHECK(all->wait_for_end() == "one two three");
  CHECK(elsewhere->wait_for_end() == "e two three");
  CHECK(elsewhere->first_offset() == 2);
  CHECK(ahead->wait_for_end() == "hree");
  CHECK(logs.follow(8)->wait_for_end() == "three");
  CHECK(logs.follow(13)->wait_for_end().empty());
  CHECK(logs.follow(99)->wait_for_end().empty());
}

TEST_CASE("a log that is not there is missing, a silent one is there") {
  scratch_directory where;
  log_bench logs{where.path};
  CHECK(logs.follow(0)->wait_for_end() == "missing");
  CHECK_FALSE(std::filesystem::exists(spool_path(where.path, 0)));
  logs.append(0, "");
  const auto follower = logs.follow(0);
  CHECK(follower->wait_for(0).empty());
  logs.finish();
  CHECK(follower->wait_for_end().empty());
}

TEST_CASE("a follower that does not write out waits, and holds up nobody") {
  scratch_directory where;
  log_bench logs{where.path};
  logs.append(0, "begin ");
  const auto lazy = logs.follow(0, 1, true);
  const auto quick = logs.follow(0);
  std::string whole = "begin ";
  for (int i = 0; i < 40; ++i) {
    const std::string part(100'000, static_cast<char>('a' + i % 26));
    REQUIRE(logs.append(whole.size(), part).status == 200);
    whole += part;
  }
  logs.finish();
  CHECK(quick->wait_for_end() == whole);
  CHECK(lazy->text().size() <= follower_window_bytes + log_piece_bytes);
  // From now on it takes what it is told, most of it from the spool.
  lazy->after_each([&logs, raw = lazy.get()] {
    logs.tell(follower_ready{some_task(), 0, raw, false});
  });
  logs.caught_up(lazy);
  CHECK(lazy->wait_for_end() == whole);
}

TEST_CASE("a follower that left is told nothing more") {
  scratch_directory where;
  log_bench logs{where.path};
  logs.append(0, "one");
  const auto follower = logs.follow(0);
  follower->wait_for(3);
  logs.caught_up(follower, true);
  logs.append(3, "two");
  logs.finish();
  CHECK(follower->text() == "one");
}

TEST_CASE("a follower may begin with the last lines") {
  scratch_directory where;
  std::string whole;
  for (int i = 0; i < 100'000; ++i)
    whole += "line " + std::to_string(i) + "\n";
  {
    log_bench before{where.path};
    before.append(0, whole);
    CHECK(before.follow_tail(2)->wait_for(22) == "line 99998\nline 99999\n");
  }
  log_bench logs{where.path};
  logs.append(whole.size(), "more\n");
  const auto few = logs.follow_tail(2);
  const auto many = logs.follow_tail(90'001);
  const auto all = logs.follow_tail(100'001);
  logs.finish();
  CHECK(few->wait_for_end() == "line 99999\nmore\n");
  CHECK(many->wait_for_end().starts_with("line 10000\n"));
  CHECK(all->wait_for_end() == whole + "more\n");
}

TEST_CASE("after a restart a log goes on where the spool ends") {
  scratch_directory where;
  {
    log_bench before{where.path};
    before.append(0, "known ");
  }
  log_bench logs{where.path};
  const auto follower = logs.follow(0);
  CHECK(follower->wait_for(6) == "known ");
  const auto gap = logs.append(20, "lost");
  CHECK(gap.status == 409);
  CHECK(gap.body.find(R"("offset":6})") != std::string::npos);
  logs.append(6, "again");
  logs.finish();
  CHECK(follower->wait_for_end() == "known again");
}

TEST_CASE("a finished log is still there after a restart") {
  scratch_directory where;
  {
    log_bench before{where.path};
    before.append(0, "all of it");
    before.finish();
  }
  log_bench logs{where.path};
  CHECK(logs.follow(4)->wait_for_end() == "of it");
  CHECK(logs.append(0, "all of it").status == 200);
  REQUIRE(logs.append(9, "?").error != nullptr);
}

TEST_CASE("quiet logs leave the memory and come back") {
  scratch_directory where;
  log_directory_options options{where.path};
  options.quiet_time = std::chrono::milliseconds{0};
  log_bench logs{options};
  const auto follower = logs.follow(0, 0, true);
  CHECK(follower->wait_for_end() == "missing");
  std::string whole;
  for (int i = 0; i < 20; ++i) {
    const std::string part(1000, static_cast<char>('a' + i));
    REQUIRE(logs.append(whole.size(), part).status == 200);
    whole += part;
    const auto first_half = logs.follow(0);
    CHECK(first_half->wait_for(whole.size()) == whole);
    logs.caught_up(first_half, true);
  }
  const auto patient = logs.follow(whole.size() / 2);
  patient->wait_for(whole.size() / 2);
  logs.append(whole.size(), "end");
  logs.finish();
  CHECK(patient->wait_for_end() == whole.substr(whole.size() / 2) + "end");
}

TEST_CASE("a directory that cannot be written is a 503") {
  log_bench logs{log_directory_options{"/proc/nowhere"}};
  const auto refused = logs.append(0, "x");
  REQUIRE(refused.error != nullptr);
  CHECK(refused.error->code == error_code::service_unavailable);
  REQUIRE(logs.finish().error != nullptr);
  CHECK(logs.follow(0)->wait_for_end() == "missing");
}

TEST_CASE("a disk that is full makes the worker send again, and loses nothing") {
  scratch_directory where;
  // A device that never takes a byte stands in for a full disk.
  std::filesystem::create_symlink("/dev/full", spool_path(where.path, 0));
  {
    log_directory_options options{where.path};
    // The device is as old as the machine has been up; the sweep of old logs is not to take it.
    options.unfinished_lasts = std::chrono::hours{1'000'000};
    log_bench logs{options};
    const auto follower = logs.follow(0);
    REQUIRE(logs.append(0, "hello").error != nullptr);
    REQUIRE(logs.append(0, "hello").error != nullptr);
    REQUIRE(logs.finish().error != nullptr);
    CHECK(follower->wait_for_end() == "hello");
  }
}

}  // namespace troupe
