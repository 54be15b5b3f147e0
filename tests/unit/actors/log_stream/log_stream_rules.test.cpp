#include "actors/log_stream/log_stream_rules.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

#include <map>
#include <string>

namespace troupe {

namespace {

log_bytes bytes_of(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string in_memory(const log_stream_state& state) {
  std::string all;
  for (const auto& piece : state.recent)
    all += *piece.bytes;
  return all;
}

}  // namespace

TEST_CASE("bytes are taken at the offset where the log ends") {
  log_stream_state state;
  CHECK(append(state, 0, bytes_of("hello ")) == append_verdict::taken);
  CHECK(append(state, 6, bytes_of("world")) == append_verdict::taken);
  CHECK(state.size == 11);
  CHECK(in_memory(state) == "hello world");
}

TEST_CASE("bytes that are known are taken again as nothing, those behind them as new") {
  log_stream_state state;
  append(state, 0, bytes_of("hello "));
  CHECK(append(state, 0, bytes_of("hello")) == append_verdict::taken);
  CHECK(append(state, 6, bytes_of("")) == append_verdict::taken);
  CHECK(state.size == 6);
  CHECK(append(state, 2, bytes_of("llo wor")) == append_verdict::taken);
  CHECK(in_memory(state) == "hello wor");
}

TEST_CASE("an append beyond the end leaves a gap and changes nothing") {
  log_stream_state state;
  append(state, 0, bytes_of("abc"));
  CHECK(append(state, 4, bytes_of("x")) == append_verdict::gap);
  CHECK(append(state, 4, bytes_of("")) == append_verdict::gap);
  CHECK(state.size == 3);
}

TEST_CASE("a finished log takes what it has and nothing else") {
  log_stream_state state;
  append(state, 0, bytes_of("abc"));
  state.finished = true;
  CHECK(append(state, 1, bytes_of("bc")) == append_verdict::taken);
  CHECK(append(state, 3, bytes_of("d")) == append_verdict::finished);
  CHECK(append(state, 4, bytes_of("d")) == append_verdict::gap);
}

TEST_CASE("when the spool is far behind, appends are put off until it caught up") {
  log_stream_state state;
  const auto megabyte = bytes_of(std::string(1 << 20, 'x'));
  for (std::uint64_t i = 0; i < 16; ++i)
    REQUIRE(append(state, i << 20, megabyte) == append_verdict::taken);
  CHECK(append(state, 16 << 20, bytes_of("y")) == append_verdict::put_off);
  REQUIRE(next_write(state)->pieces.size() == 256);
  wrote(state, 16 << 20);
  CHECK(state.size - state.recent_begin() <= log_memory_bytes);
  CHECK(append(state, 16 << 20, bytes_of("y")) == append_verdict::taken);
}

TEST_CASE("a log has an end") {
  log_stream_state state;
  state.size = state.spooled = longest_log_bytes;
  CHECK(append(state, longest_log_bytes, bytes_of("x")) == append_verdict::too_long);
}

TEST_CASE("memory holds what the spool does not have, and little else") {
  log_stream_state state;
  for (std::uint64_t i = 0; i < 5000; ++i)
    append(state, i * 10, bytes_of("0123456789"));
  CHECK(state.recent.size() == 5000);
  const auto order = next_write(state);
  REQUIRE(order.has_value());
  CHECK_FALSE(next_write(state).has_value());
  write_failed(state);
  CHECK(next_write(state)->pieces.size() == order->pieces.size());
  wrote(state, 50'000);
  CHECK(state.recent.size() <= 1024);
  CHECK_FALSE(next_write(state).has_value());
  release_memory(state);
  CHECK(state.recent.empty());
  append(state, 50'000, bytes_of("z"));
  release_memory(state);
  CHECK(in_memory(state) == "z");
}

TEST_CASE("followers at the end share one piece, others get gathered ones") {
  log_stream_state state;
  append(state, 0, bytes_of("one "));
  append(state, 4, bytes_of("two "));
  append(state, 8, bytes_of("three"));
  CHECK(next_for(state, {1, 8, 0, false})->bytes == state.recent.back().bytes);
  CHECK(*next_for(state, {2, 2, 0, false})->bytes == "e two three");
  CHECK_FALSE(next_for(state, {3, 13, 0, false}).has_value());
  CHECK_FALSE(next_for(state, {4, 99, 0, false}).has_value());
  CHECK_FALSE(next_for(state, {5, 0, 0, true}).has_value());
  CHECK_FALSE(next_for(state, {6, 0, follower_window_bytes, false}).has_value());
  CHECK(*next_for(state, {7, 2, 0, false, 5})->bytes == "e t");
  CHECK_FALSE(next_for(state, {8, 5, 0, false, 5}).has_value());
  CHECK(is_done(state, {8, 5, 0, false, 5}));
  CHECK_FALSE(is_done(state, {7, 2, 0, false, 5}));
}

TEST_CASE("what left the memory is read from the spool, piece by piece") {
  log_stream_state state;
  append(state, 0, bytes_of(std::string(3 * log_piece_bytes + 5, 'a')));
  next_write(state);
  wrote(state, state.size);
  release_memory(state);
  log_reader reader{1, 7, 0, false};
  auto piece = next_for(state, reader);
  CHECK(piece->bytes == nullptr);
  CHECK(piece->offset == 7);
  CHECK(piece->length == log_piece_bytes);
  reader.next = 3 * log_piece_bytes;
  CHECK(next_for(state, reader)->length == 5);
  CHECK_FALSE(is_done(state, reader));
  state.finished = true;
  told(reader, 5);
  CHECK(is_done(state, reader));
}

TEST_CASE("the last lines of a log are found wherever they are") {
  REQUIRE(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '\n'));
    const auto lines = *rc::gen::inRange<std::uint32_t>(1, 6);
    const auto in_spool = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    log_stream_state state;
    state.size = state.spooled = in_spool;
    for (auto at = in_spool; at < text.size(); at += 3)
      append(state, at, bytes_of(text.substr(at, 3)));
    auto search = find_tail(state, lines);
    while (search.lines_left > 0 && search.offset > 0) {
      const auto length = std::min<std::uint64_t>(search.offset, 2);
      if (search_back(search, std::string_view{text}.substr(search.offset - length, length)))
        break;
    }
    // The same by counting from the end.
    std::size_t expected = text.size();
    std::uint32_t newlines = 0;
    while (expected > 0) {
      if (text[expected - 1] == '\n' && expected != text.size() && ++newlines == lines)
        break;
      --expected;
    }
    RC_ASSERT(search.offset == expected);
  }));
}

namespace {

// A log with a file that may fail, a worker that sends again, and followers that come and go.
class world {
 public:
  explicit world(std::string whole) : whole_(std::move(whole)) {}

  // The worker sends some bytes from where it believes the server stands, or from before.
  void send() {
    const auto back = *rc::gen::inRange<std::uint64_t>(0, 40);
    const auto length = *rc::gen::inRange<std::uint64_t>(0, log_piece_bytes / 8);
    const auto from =
        *rc::gen::arbitrary<bool>() ? acknowledged_ : acknowledged_ - std::min(acknowledged_, back);
    const auto verdict = append(state_, from, bytes_of(whole_.substr(from, length)));
    RC_ASSERT((verdict == append_verdict::gap) == (from > state_.size));
    acknowledged_ = std::min<std::uint64_t>(state_.size, from + length);
  }

  void begin_write() {
    if (auto order = next_write(state_)) {
      order_ = std::move(*order);
      order_end_ = state_.size;
    }
  }

  void end_write(bool fails) {
    if (!state_.writing)
      return;
    std::string all;
    for (const auto& piece : order_.pieces)
      all += *piece;
    if (fails)
      all.resize(all.size() / 2);
    file_.resize(std::max(file_.size(), static_cast<std::size_t>(order_.offset) + all.size()));
    file_.replace(static_cast<std::size_t>(order_.offset), all.size(), all);
    if (fails)
      return write_failed(state_);
    wrote(state_, order_end_);
  }

  void join(std::uint64_t offset) {
    const auto number = ++last_;
    got_[number] = {offset, {}};
    state_.readers.push_back({number, offset, 0, false});
  }

  // It comes back for what it has not got.
  void reconnect() {
    if (state_.readers.empty())
      return;
    const auto which = *rc::gen::inRange<std::size_t>(0, state_.readers.size());
    const auto number = state_.readers[which].number;
    reads_.erase(number);
    state_.readers[which] = {number, got_[number].from + got_[number].text.size(), 0, false};
  }

  void tell() {
    for (auto& reader : state_.readers)
      if (const auto piece = next_for(state_, reader)) {
        if (piece->bytes) {
          take(reader, piece->offset, *piece->bytes);
        } else {
          reader.reading = true;
          reads_[reader.number] = *piece;
        }
      }
  }

  void end_reads() {
    for (auto& reader : state_.readers)
      if (const auto read = reads_.find(reader.number); read != reads_.end()) {
        reader.reading = false;
        const auto& wanted = read->second;
        RC_ASSERT(wanted.offset + wanted.length <= file_.size());
        take(reader, wanted.offset,
             file_.substr(static_cast<std::size_t>(wanted.offset),
                          static_cast<std::size_t>(wanted.length)));
        reads_.erase(read);
      }
  }

  void write_out() {
    for (auto& reader : state_.readers)
      caught_up(reader);
  }

  void be_quiet() {
    if (state_.spooled == state_.size)
      release_memory(state_);
  }

  // The server dies: what is in the file is what it knows.
  void restart() {
    auto readers = state_.readers;
    state_ = {};
    state_.size = state_.spooled = file_.size();
    reads_.clear();
    for (auto& reader : readers)
      reader = {reader.number, got_[reader.number].from + got_[reader.number].text.size(), 0,
                false};
    state_.readers = std::move(readers);
  }

  void finish() {
    while (state_.size < whole_.size()) {
      const auto verdict =
          append(state_, state_.size, bytes_of(whole_.substr(state_.size, 30'000)));
      RC_ASSERT(verdict == append_verdict::taken);
    }
    state_.finished = true;
    for (int i = 0; i < 100'000 && !(all_done() && state_.spooled == state_.size); ++i) {
      begin_write();
      end_write(false);
      tell();
      end_reads();
      write_out();
    }
    RC_ASSERT(all_done());
    RC_ASSERT(state_.spooled == state_.size);
    RC_ASSERT(file_ == whole_);
    for (const auto& [number, got] : got_)
      RC_ASSERT(got.text == whole_.substr(std::min<std::size_t>(got.from, whole_.size())));
  }

 private:
  struct received {
    std::uint64_t from = 0;
    std::string text;
  };

  void take(log_reader& reader, std::uint64_t offset, const std::string& bytes) {
    auto& got = got_[reader.number];
    RC_ASSERT(offset == got.from + got.text.size());
    got.text += bytes;
    told(reader, bytes.size());
    RC_ASSERT(reader.unwritten <= follower_window_bytes + log_piece_bytes);
  }

  bool all_done() const {
    return std::all_of(state_.readers.begin(), state_.readers.end(),
                       [this](const log_reader& reader) { return is_done(state_, reader); });
  }

  std::string whole_;
  std::string file_;
  log_stream_state state_;
  spool_order order_;
  std::uint64_t order_end_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, received> got_;
  std::map<std::uint64_t, next_piece> reads_;
};

std::string some_text(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t x = 12345;
  for (auto& c : text) {
    x = x * 1664525 + 1013904223;
    c = static_cast<char>('a' + (x >> 24) % 26);
  }
  return text;
}

}  // namespace

TEST_CASE("workers 6: the note begins a line, and is not written twice") {
  const auto note = last_words({}, "canceled");
  CHECK(note.starts_with("[taskcluster:error] "));
  CHECK(note.find("resolved as canceled.") != std::string::npos);
  CHECK(note.size() <= longest_last_words);
  CHECK(last_words("line\n", "canceled") == note);
  CHECK(last_words("half a line", "canceled") == "\n" + note);
  CHECK(last_words("half a line [", "canceled") == "\n" + note);
  for (std::size_t there = 1; there <= note.size(); ++there)
    for (const std::string before : {"", "line\n"})
      CHECK(before + note.substr(0, there) +
                last_words(before + note.substr(0, there), "canceled") ==
            before + note);
  CHECK(last_words(note, "claim-expired") != "");
}

TEST_CASE("whatever happens in between, each follower gets exactly the bytes") {
  static const auto long_text = some_text(600'000);
  REQUIRE(rc::check([] {
    const auto size = *rc::gen::inRange<std::size_t>(0, long_text.size());
    world w{long_text.substr(0, size)};
    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 14));
    for (const auto step : steps) {
      switch (step) {
        case 0:
          w.begin_write();
          break;
        case 1:
          w.end_write(*rc::gen::inRange(0, 4) == 0);
          break;
        case 2:
          w.join(*rc::gen::inRange<std::uint64_t>(0, size + 2));
          break;
        case 3:
          w.reconnect();
          break;
        case 4:
        case 5:
          w.tell();
          break;
        case 6:
          w.end_reads();
          break;
        case 7:
          w.write_out();
          break;
        case 8:
          w.be_quiet();
          break;
        case 9:
          w.restart();
          break;
        default:
          w.send();
      }
    }
    w.finish();
  }));
}

}  // namespace troupe
