#include "actors/index/index_intake.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace troupe;

namespace {

const task_id some_task = *task_id::parse("fN1SbArXTPSVFNUvaOlinQ");

index_completed event(std::uint64_t n) {
  return {{7, static_cast<std::int64_t>(1000 + n), n}, some_task, {"path"}};
}

log_place at(std::uint64_t n) { return event(n).at; }

index_entry options_of(const std::string& members) {
  const auto made = entry_of_definition(some_task, "{" + members + "}");
  REQUIRE(std::holds_alternative<index_entry>(made));
  return std::get<index_entry>(made);
}

}  // namespace

TEST_CASE("IDX-9 paths of routes: good ones, without the prefix") {
  const std::vector<std::string> keys{
      "route.index",     "route.index.",    "route.index.a",
      "route.index.a.b", "route.index.a/b", "route.index.a..b",
      "route.other.a",   "route.indexed.a", "route.index." + std::string(256, 'x')};
  CHECK(index_paths(keys) == std::vector<std::string>{"a", "a.b"});
}

TEST_CASE("IDX-10 what a definition says of its entry") {
  const auto expires = std::string{R"("expires":"2030-01-01T00:00:00.000Z")"};
  const auto plain = options_of(expires);
  CHECK(plain == index_entry{some_task, 0, *parse_date_time("2030-01-01T00:00:00Z"), "{}"});
  CHECK(options_of(R"("created":"2029-01-01T00:00:00.000Z","extra":{"other":1})").expires ==
        *parse_date_time("2030-01-01T00:00:00Z"));
  const auto all = options_of(
      expires +
      R"(,"extra":{"index":{"rank":42,"expires":"2031-01-01T00:00:00Z","data":{"a":[]}}})");
  CHECK(all == index_entry{some_task, 42, *parse_date_time("2031-01-01T00:00:00Z"), R"({"a":[]})"});
  CHECK(options_of(expires + R"(,"extra":{"index":{"rank":-4.0}})").rank == -4);
  for (const auto* wrong :
       {R"({"rank":"1"})", R"({"rank":null})", R"({"rank":1.5})", R"({"data":[]})",
        R"({"data":null})", R"({"expires":7})", R"({"expires":"soon"})", "[]", "7", "null"}) {
    const auto made =
        entry_of_definition(some_task, "{" + expires + R"(,"extra":{"index":)" + wrong + "}}");
    CHECK(std::holds_alternative<wrong_options>(made));
  }
}

TEST_CASE("places in the log are read as they are written") {
  const log_place place{7, 1'764'000'000'000, 42};
  CHECK(place_text(place) == "1764000000000-42");
  CHECK(read_place(7, place_text(place)) == place);
  CHECK(read_place(7, "rubbish") == log_place{7, 0, 0});
}

TEST_CASE("what is told while the log is read waits, and comes once") {
  index_intake intake;
  CHECK_FALSE(take_completion(intake, event(5)));
  CHECK_FALSE(take_completion(intake, event(6)));
  CHECK(take_read(intake, event(4)));
  CHECK(take_read(intake, event(5)));
  const auto rest = end_catching_up(intake, 7);
  REQUIRE(rest.size() == 1);
  CHECK(rest.front().at == at(6));
  CHECK_FALSE(take_completion(intake, event(6)));
  CHECK(take_completion(intake, event(7)));
}

TEST_CASE("places are written up to what was dealt with, and no further") {
  index_intake intake;
  end_catching_up(intake, 7);
  CHECK_FALSE(place_to_write(intake, 7));
  take_told(intake, at(3));
  CHECK(place_to_write(intake, 7) == at(3));
  CHECK_FALSE(place_to_write(intake, 7));
  take_completion(intake, event(5));
  take_completion(intake, event(6));
  take_told(intake, at(9));
  CHECK(place_to_write(intake, 7)->n == 4);
  settle(intake, at(6), {{"b"}, index_entry{}});
  CHECK_FALSE(next_settled(intake, 7));
  settle(intake, at(5), {{"a"}, index_entry{}});
  CHECK(next_settled(intake, 7)->paths.front() == "a");
  CHECK(place_to_write(intake, 7)->n == 5);
  CHECK(next_settled(intake, 7)->paths.front() == "b");
  CHECK(place_to_write(intake, 7) == at(9));
}

TEST_CASE("wherever it crashes, every event is dealt with, in order, and none comes back") {
  rc::check([] {
    const auto events = static_cast<std::uint64_t>(*rc::gen::inRange(0, 30));
    std::vector<std::uint64_t> done;
    log_place written;
    written.stream = 7;
    std::uint64_t told = 0;  // so far the log exists
    const auto crashes = *rc::gen::inRange(0, 6);
    for (int life = 0; life <= crashes; ++life) {
      const bool last = life == crashes;
      // A server begins where Redis says.
      index_intake intake;
      auto& stream = intake.streams[7];
      stream.handled = stream.told = stream.written = written;
      const auto in_log = told;
      const auto tell = [&] {
        ++told;
        take_completion(intake, event(told));
        if (*rc::gen::arbitrary<bool>())
          take_told(intake, at(told));
      };
      for (auto n = written.n + 1; n <= in_log; ++n)
        take_read(intake, event(n));
      for (int i = *rc::gen::inRange(0, 4); i > 0 && told < events; --i)
        tell();
      end_catching_up(intake, 7);
      for (int i = last ? 100 : *rc::gen::inRange(0, 20); i > 0; --i) {
        if (told < events && (last || *rc::gen::arbitrary<bool>()))
          tell();
        if (stream.pending.empty())
          continue;
        const auto which = *rc::gen::inRange<std::size_t>(0, stream.pending.size());
        settle(intake, stream.pending[last ? 0 : which].event.at, {{"path"}, index_entry{}});
        // One commit: what came of it, and the place.
        while (const auto settled = next_settled(intake, 7)) {
          done.push_back(stream.pending.empty() ? stream.handled.n
                                                : stream.pending.front().event.at.n - 1);
          if (const auto place = place_to_write(intake, 7))
            written = *place;
        }
      }
    }
    RC_ASSERT(done.size() == events);
    for (std::uint64_t n = 0; n < events; ++n)
      RC_ASSERT(done[n] == n + 1);
  });
}
