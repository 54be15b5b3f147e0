#include "actors/object/object_rules.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

constexpr timestamp now{1'764'000'000'000};
const std::string first_upload = "fN1SbArXTPSVFNUvaOlinQ";
const std::string other_upload = "AAAAAAAAQACAAAAAAAAAAA";

create_object creation(std::string name = "a", std::string upload = first_upload) {
  create_object command;
  command.name = std::move(name);
  command.project_id = "p";
  command.upload_id = std::move(upload);
  command.expires = now + 48h;
  return command;
}

finish_object ending(std::string hashes = {}) {
  return {"a", "p", first_upload, std::move(hashes), {}};
}

object_state with_object(bool finished) {
  object_state state;
  auto row = decide_create(state, creation(), "b", now).value();
  row.finished = finished;
  apply_object(state, "a", std::move(row));
  return state;
}

template <class T>
unsigned status_of(const outcome<T>& decided) {
  return decided ? 200 : http_status(decided.error().code);
}

}  // namespace

TEST_CASE("section 2.1 a new object is reserved for a day, and for its first uploader") {
  object_state state;
  const auto row = decide_create(state, creation(), "b", now).value();
  CHECK(row == object_row{"p", "b", first_upload, now + 24h, now + 48h, {}, {}, false});
  apply_object(state, "a", row);
  CHECK(decide_create(state, creation(), "other", now + 1h).value() == row);
  auto other = creation();
  other.upload_id = other_upload;
  CHECK(status_of(decide_create(state, other, "b", now)) == 409);
  other = creation();
  other.project_id = "q";
  CHECK(status_of(decide_create(state, other, "b", now)) == 409);
  other = creation();
  other.expires = now + 47h;
  CHECK(status_of(decide_create(state, other, "b", now)) == 409);
  CHECK(status_of(decide_create(state, creation("other name"), "b", now)) == 409);
  CHECK(status_of(decide_create(state, creation("other name", other_upload), "b", now)) == 200);
}

TEST_CASE("section 2.1 what has expired already is not created") {
  auto past = creation();
  past.expires = now;
  CHECK(status_of(decide_create({}, past, "b", now)) == 400);
}

TEST_CASE("section 2.1 a finished object is not created again") {
  CHECK(status_of(decide_create(with_object(true), creation(), "b", now)) == 409);
}

TEST_CASE("section 2.2 what finishUpload accepts") {
  CHECK(status_of(decide_finish({}, ending(), now)) == 404);
  for (const bool finished : {false, true}) {
    const auto state = with_object(finished);
    auto other = ending();
    other.project_id = "q";
    CHECK(status_of(decide_finish(state, other, now)) == 400);
    other = ending();
    other.upload_id = other_upload;
    CHECK(status_of(decide_finish(state, other, now)) == (finished ? 200 : 409));
    const auto row = decide_finish(state, ending(), now).value();
    CHECK(row.finished);
  }
}

TEST_CASE("section 2.3 hashes may be added until the object is finished, and never change") {
  auto state = with_object(false);
  auto more = creation();
  more.hashes = R"({"x":"1"})";
  apply_object(state, "a", decide_create(state, more, "b", now).value());
  more.hashes = R"({"x":"2"})";
  CHECK(status_of(decide_create(state, more, "b", now)) == 409);
  CHECK(status_of(decide_finish(state, ending(R"({"x":"2"})"), now)) == 409);
  const auto done = decide_finish(state, ending(R"({"y":"3"})"), now).value();
  CHECK(done.hashes == R"({"x":"1","y":"3"})");
  apply_object(state, "a", done);
  CHECK(decide_finish(state, ending(R"({"x":"1"})"), now).value() == done);
  CHECK(status_of(decide_finish(state, ending(R"({"z":"1"})"), now)) == 409);
}

TEST_CASE("section 2.3 data that came inline are compared with all hashes, until others may come") {
  auto command = creation();
  command.proposed.data_inline = true;
  command.proposed.inline_bytes = "hello";
  object_state state;
  apply_object(state, "a", decide_create(state, command, "b", now).value());
  const auto wrong = R"({"sha256":")" + hashes_of("other").sha256 + "\"}";
  const auto refused = decide_finish(state, ending(wrong), now);
  REQUIRE(status_of(refused) == 400);
  CHECK(refused.error().message.find(hashes_of("other").sha256) != std::string::npos);
  CHECK(refused.error().message.find(hashes_of("hello").sha256) != std::string::npos);
  auto by_url = creation();
  by_url.proposed.put_url = true;
  apply_object(state, "a", decide_create(state, by_url, "b", now).value());
  CHECK(status_of(decide_finish(state, ending(wrong), now)) == 200);
}

TEST_CASE("section 4 only finished objects that have not expired are found") {
  CHECK(status_of(decide_find({}, "a", now)) == 404);
  CHECK(status_of(decide_find(with_object(false), "a", now)) == 404);
  CHECK(status_of(decide_find(with_object(true), "a", now + 48h - 1ms)) == 200);
  CHECK(status_of(decide_find(with_object(true), "a", now + 48h)) == 410);
}

TEST_CASE("section 5.4 uploads that take longer than a day are given up, finished objects expire") {
  auto open = with_object(false);
  CHECK(next_end(open) == now + 24h);
  CHECK(status_of(decide_finish(open, ending(), now + 24h)) == 410);
  CHECK(status_of(decide_create(open, creation(), "b", now + 24h)) == 409);
  CHECK(take_ended(open, now + 24h - 1ms, 9).empty());
  CHECK(take_ended(open, now + 24h, 9) == std::vector<std::string>{"a"});
  CHECK_FALSE(next_end(open));
  try_again(open, "a", now + 25h);
  CHECK(next_end(open) == now + 25h);
  CHECK(take_ended(open, now + 25h, 9).size() == 1);
  apply_removal(open, "a");
  CHECK(open.rows.empty());
  CHECK(open.uploads.empty());
  CHECK(next_end(with_object(true)) == now + 48h);
}

TEST_CASE("rows of objects are read as they were written") {
  object_row row{"p/q", "b\"", first_upload, now, now + 1h, {}, {}, false};
  CHECK(read_object_row(object_row_text(row)) == row);
  row.hashes = R"({"sha256":"aa","x":"y"})";
  row.seen = hashes_of("x");
  row.finished = true;
  CHECK(read_object_row(object_row_text(row)) == row);
  for (const auto* bad : {"", "[]", "{}", "{\"upload\":1}", "{\"project\""})
    CHECK_FALSE(read_object_row(bad));
}
