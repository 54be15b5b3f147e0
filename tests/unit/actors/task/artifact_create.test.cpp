#include "actors/task/artifact_rules.hpp"
#include "actors/task/task_wire.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

constexpr artifact_storage every_storage[] = {artifact_storage::s3, artifact_storage::reference,
                                              artifact_storage::link, artifact_storage::error};

std::string details_for(artifact_storage storage, std::string_view variant = "") {
  const std::string ending{variant};
  switch (storage) {
    case artifact_storage::reference:
      return "https://example.com/data" + ending;
    case artifact_storage::link:
      return "public/target" + ending;
    case artifact_storage::error:
      return R"({"reason":"file-missing-on-worker","message":"gone)" + ending + "\"}";
    default:
      return {};
  }
}

create_artifact request(artifact_storage storage) {
  create_artifact command;
  command.task = some_id;
  command.name = "public/log.txt";
  command.storage = storage;
  command.content_type = "text/plain";
  command.expires = some_start + 2h;
  command.details = details_for(storage);
  return command;
}

// 0 when the call is fine, else its status.
unsigned status_of(const outcome<artifact_record>& decided) {
  return decided ? 0 : http_status(decided.error().code);
}

unsigned create(const some_task& task, const create_artifact& command,
                const artifact_record* existing = nullptr) {
  return status_of(decide_artifact(task.state, command, existing, task.now));
}

artifact_record existing(artifact_storage storage) {
  const auto task = running_task();
  return *decide_artifact(task.state, request(storage), nullptr, task.now);
}

}  // namespace

TEST_CASE("AR-9 a new artifact is recorded as the worker described it") {
  const auto task = running_task();
  for (const auto storage : every_storage) {
    auto command = request(storage);
    command.content_length = 17;
    const auto record = decide_artifact(task.state, command, nullptr, task.now);
    REQUIRE(record.has_value());
    CHECK(record->storage == storage);
    CHECK(record->content_type == "text/plain");
    CHECK(record->expires == command.expires);
    CHECK(record->details == command.details);
    CHECK(record->content_length == 17);
  }
}

TEST_CASE(
    "an artifact may expire a quarter of an hour ago at most, and with its task at the latest") {
  const auto task = running_task();
  auto command = request(artifact_storage::s3);
  command.expires = task.now - 15min;
  CHECK(create(task, command) == 0);
  command.expires = task.now - 15min - 1ms;
  CHECK(create(task, command) == 400);
  command.expires = task.state.definition->expires;
  CHECK(create(task, command) == 0);
  command.expires = task.state.definition->expires + 1ms;
  const auto late = decide_artifact(task.state, command, nullptr, task.now);
  REQUIRE(status_of(late) == 400);
  CHECK(late.error().message.find(to_iso(command.expires)) != std::string::npos);
  CHECK(late.error().message.find(to_iso(task.state.definition->expires)) != std::string::npos);
}

TEST_CASE("a run that does not exist or was never claimed is bad input, not a 404") {
  auto command = request(artifact_storage::s3);
  CHECK(create(unscheduled_task(), command) == 400);
  CHECK(create(pending_task(), command) == 400);
  command.run = 1;
  CHECK(create(running_task(), command) == 400);
  auto canceled = pending_task();
  canceled.cancel();
  command.run = 0;
  CHECK(create(canceled, command) == 400);
}

TEST_CASE("bad input wins over the conflict of a run that is over") {
  const auto task = reported_task(run_report::completed);
  auto command = request(artifact_storage::s3);
  CHECK(create(task, command) == 409);
  command.expires = task.state.definition->expires + 1ms;
  CHECK(create(task, command) == 400);
  command.expires = task.now - 1h;
  CHECK(create(task, command) == 400);
}

TEST_CASE("AR-17 artifacts are made of a run that ended in an exception, not of a completed one") {
  CHECK(create(reported_task(run_report::completed), request(artifact_storage::s3)) == 409);
  CHECK(create(reported_task(run_report::failed), request(artifact_storage::s3)) == 409);
  CHECK(create(reported_task(run_report::internal_error), request(artifact_storage::s3)) == 0);
  auto canceled = running_task();
  canceled.cancel();
  CHECK(create(canceled, request(artifact_storage::s3)) == 0);
  auto expired = running_task();
  expired.timer_at(expired.run(0).taken_until);
  CHECK(create(expired, request(artifact_storage::s3)) == 0);
}

TEST_CASE(
    "AR-17 QUIRK-22 after an exception there are 25 minutes, also while a retry waits or runs") {
  auto task = reported_task(run_report::worker_shutdown);
  task.claim(1, other_worker);
  task.now = some_start + 25min - 1ms;
  CHECK(create(task, request(artifact_storage::error)) == 0);
  task.now = some_start + 25min;
  CHECK(create(task, request(artifact_storage::error)) == 409);
  auto of_retry = request(artifact_storage::error);
  of_retry.run = 1;
  CHECK(create(task, of_retry) == 0);
}

TEST_CASE("workers 6: for a lost worker the server makes artifacts of an exception at any time") {
  auto command = request(artifact_storage::s3);
  command.for_lost_worker = true;
  auto task = reported_task(run_report::worker_shutdown);
  task.now = some_start + 1h;
  CHECK(create(task, command) == 0);
  CHECK(create(reported_task(run_report::completed), command) == 409);
}

TEST_CASE("AR-9 AR-19 the same call again is fine for every kind") {
  for (const auto storage : every_storage) {
    const auto before = existing(storage);
    CHECK(create(running_task(), request(storage), &before) == 0);
    CHECK(decide_artifact(running_task().state, request(storage), &before, some_start).value() ==
          before);
  }
}

TEST_CASE("AR-18 AR-19 expires may be later than it was, not earlier") {
  const auto task = running_task();
  for (const auto storage : every_storage) {
    const auto before = existing(storage);
    auto command = request(storage);
    command.expires = before.expires + 1ms;
    const auto later = decide_artifact(task.state, command, &before, task.now);
    REQUIRE(later.has_value());
    CHECK(later->expires == command.expires);
    command.expires = before.expires - 1ms;
    CHECK(create(task, command, &before) == 409);
  }
}

TEST_CASE("AR-16 AR-19 changed details are a conflict for all but the url of a reference") {
  const auto task = running_task();
  for (const auto storage : {artifact_storage::link, artifact_storage::error}) {
    const auto before = existing(storage);
    auto command = request(storage);
    command.details = details_for(storage, "2");
    CHECK(create(task, command, &before) == 409);
  }
  const auto before = existing(artifact_storage::reference);
  auto command = request(artifact_storage::reference);
  command.details = "https://example.com/elsewhere";
  const auto changed = decide_artifact(task.state, command, &before, task.now);
  REQUIRE(changed.has_value());
  CHECK(changed->details == "https://example.com/elsewhere");
}

TEST_CASE("AR-18 AR-19 another content type is a conflict, except for a link") {
  const auto task = running_task();
  for (const auto storage : every_storage) {
    const auto before = existing(storage);
    auto command = request(storage);
    command.content_type = "text/html";
    if (storage != artifact_storage::link) {
      CHECK(create(task, command, &before) == 409);
      continue;
    }
    CHECK(decide_artifact(task.state, command, &before, task.now).value().content_type ==
          "text/plain");
  }
}

TEST_CASE("AR-15 AR-19 another storage type is a conflict, except a link instead of a reference") {
  const auto task = running_task();
  for (const auto from : every_storage)
    for (const auto to : every_storage) {
      if (from == to)
        continue;
      CAPTURE(to_string(from), to_string(to));
      const auto before = existing(from);
      const bool allowed = from == artifact_storage::reference && to == artifact_storage::link;
      CHECK(create(task, request(to), &before) == (allowed ? 0u : 409u));
    }
}

TEST_CASE(
    "AR-15 a link that replaces a reference keeps the content type and size of the reference") {
  const auto task = running_task();
  auto before = existing(artifact_storage::reference);
  before.content_length = 4;
  auto command = request(artifact_storage::link);
  command.content_type = "application/binary";
  command.expires = before.expires + 1h;
  command.content_length = 9;
  const auto link = decide_artifact(task.state, command, &before, task.now);
  REQUIRE(link.has_value());
  CHECK(link->storage == artifact_storage::link);
  CHECK(link->content_type == "text/plain");
  CHECK(link->details == "public/target");
  CHECK(link->expires == command.expires);
  CHECK(link->content_length == 4);
  command.expires = before.expires - 1ms;
  CHECK(create(task, command, &before) == 409);
}

TEST_CASE("a conflict says what differs and changes nothing") {
  const auto task = running_task();
  const auto before = existing(artifact_storage::s3);
  auto command = request(artifact_storage::s3);
  command.content_type = "text/html";
  const auto decided = decide_artifact(task.state, command, &before, task.now);
  REQUIRE(decided.has_error());
  CHECK(decided.error().code == error_code::request_conflict);
  CHECK(decided.error().message.find("has content type text/plain") != std::string::npos);
  CHECK(decided.error().message.find("'public/log.txt'") != std::string::npos);
}

// -- texts ----------------------------------------------------------------------------------------

TEST_CASE("AR-9 the data of an s3 artifact stay in the bucket they were made in") {
  const auto task = running_task();
  const auto decide = [&](artifact_storage storage, const artifact_record* known,
                          const char* bucket) {
    return decide_artifact(task.state, request(storage), known, task.now, bucket).value();
  };
  const auto made = decide(artifact_storage::s3, nullptr, "pub");
  CHECK(made.bucket == "pub");
  CHECK(read_artifact(artifact_text(made)) == made);
  CHECK(artifact_place(made, some_id, 0, "public/log.txt") ==
        blob_place{"pub", some_id.str() + "/0/public/log.txt"});
  CHECK(decide(artifact_storage::s3, &made, "other").bucket == "pub");
  const auto local = decide(artifact_storage::s3, nullptr, "");
  CHECK(artifact_text(local).find("bucket") == std::string::npos);
  CHECK(decide(artifact_storage::s3, &local, "pub").bucket.empty());
  CHECK(decide(artifact_storage::reference, nullptr, "pub").bucket.empty());
}

TEST_CASE("EV-6 only references, links and errors are announced") {
  CHECK_FALSE(publishes_artifact(artifact_storage::s3));
  CHECK_FALSE(publishes_artifact(artifact_storage::object));
  CHECK(publishes_artifact(artifact_storage::reference));
  CHECK(publishes_artifact(artifact_storage::link));
  CHECK(publishes_artifact(artifact_storage::error));
}

TEST_CASE("AR-12 AR-13 AR-14 artifact-created names artifact and worker, and no tags") {
  const auto task = running_task();
  for (const auto storage :
       {artifact_storage::reference, artifact_storage::link, artifact_storage::error}) {
    auto command = request(storage);
    command.name = R"(public/a "b"\c.txt)";
    command.content_length = 12;
    const auto record = decide_artifact(task.state, command, nullptr, task.now).value();
    const auto event = against_schema(
        artifact_payload(task.state, status_text(task.state), command.run, command.name, record),
        "artifact-created-message");
    const json::object expected{{"storageType", json::value(to_string(storage))},
                                {"name", command.name},
                                {"expires", to_iso(command.expires)},
                                {"contentType", "text/plain"}};
    CHECK(event.at("artifact") == expected);
    CHECK(event.at("workerGroup") == "eu");
    CHECK(event.at("workerId") == "w-17");
    CHECK_FALSE(event.as_object().contains("task"));
  }
}

TEST_CASE("createArtifact answers where to put the data, or just the kind") {
  const auto until = some_start + 45min;
  const std::string url = "http://127.0.0.1:8080/put?name=a%22b";
  const auto s3 = against_schema(create_artifact_answer(existing(artifact_storage::s3), url, until),
                                 "post-artifact-response");
  CHECK(s3 == json::value{{"storageType", "s3"},
                          {"contentType", "text/plain"},
                          {"expires", to_iso(until)},
                          {"putUrl", url}});
  for (const auto storage :
       {artifact_storage::reference, artifact_storage::link, artifact_storage::error}) {
    const auto answer = against_schema(create_artifact_answer(existing(storage), "", until),
                                       "post-artifact-response");
    CHECK(answer == json::value(json::object{{"storageType", json::value(to_string(storage))}}));
  }
}

TEST_CASE("a record is read as it was written") {
  for (const auto storage : every_storage) {
    auto record = existing(storage);
    CHECK(read_artifact(artifact_text(record)) == record);
    record.content_length = 1ull << 52;
    record.content_type = "a \"b\" \\ \n ü";
    record.details += "\t\"";
    CHECK(read_artifact(artifact_text(record)) == record);
  }
}

TEST_CASE("a record that makes no sense is none") {
  for (const auto* text :
       {"", "[]", "{}", R"({"storageType":"s4","expires":"2026-09-01T10:00:00.003Z"})",
        R"({"storageType":"s3"})", R"({"storageType":"s3","expires":"soon"})",
        R"({"storageType":7,"expires":"2026-09-01T10:00:00.003Z"})"})
    CHECK_FALSE(read_artifact(text));
}

TEST_CASE("the key of the data is task, run and name") {
  CHECK(artifact_key(some_id, 3, "public/a b.txt") == "fN1SbArXTPSVFNUvaOlinQ/3/public/a b.txt");
}
