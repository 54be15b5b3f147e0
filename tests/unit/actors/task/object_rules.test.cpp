#include "actors/task/object_rules.hpp"
#include "runtime/auth/snapshot.hpp"
#include "runtime/objects/content_hashes.hpp"
#include "tests/unit/actors/task/against_schema.hpp"
#include "tests/unit/actors/task/some_task.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

const std::string first_upload = "fN1SbArXTPSVFNUvaOlinQ";
const std::string other_upload = "AAAAAAAAQACAAAAAAAAAAA";
const std::string hash_a = R"({"sha256":"aa"})";

create_artifact reservation() {
  create_artifact command;
  command.task = some_id;
  command.name = "public/o";
  command.storage = artifact_storage::object;
  command.content_type = "text/plain";
  command.expires = some_start + 2h;
  command.upload_id = first_upload;
  return command;
}

artifact_record reserved() {
  const auto task = running_task();
  return decide_artifact(task.state, reservation(), nullptr, task.now).value();
}

artifact_record uploaded() {
  auto record = reserved();
  record.uploaded = true;
  record.hashes = hash_a;
  return record;
}

artifact_record published() {
  auto record = uploaded();
  record.published = true;
  return record;
}

create_upload beginning(const task_state& state) {
  create_upload command;
  command.name = "public/o";
  command.project_id = state.definition->project_id;
  command.upload_id = first_upload;
  command.expires = some_start + 2h;
  command.proposed.put_url = true;
  command.proposed.content_type = "text/html; charset=utf-8";
  command.proposed.content_length = 5;
  return command;
}

finish_upload ending(const task_state& state, std::string hashes = {}) {
  finish_upload command;
  command.name = "public/o";
  command.project_id = state.definition->project_id;
  command.upload_id = first_upload;
  command.hashes = std::move(hashes);
  return command;
}

finish_artifact finishing(std::string upload) {
  return {some_id, 0, "public/o", std::move(upload), {}};
}

template <class T>
unsigned status_of(const outcome<T>& decided) {
  return decided ? 200 : http_status(decided.error().code);
}

}  // namespace

TEST_CASE(
    "AR-10 who downloads goes by an id that any client may have, whatever the artifact's name") {
  const auto start = "artifact-download/" + some_id.str() + "/3/";
  CHECK(downloader_id(some_id, 3, "public/logs/a-b_c.log") == start + "public/logs/a-b_c.log");
  std::string all;
  for (char c = 0x20; c < 0x7f; ++c)
    all += c;
  const auto id = downloader_id(some_id, 3, all);
  CHECK(is_valid_client_id(id));
  CHECK(id.size() == start.size() + all.size());
}

TEST_CASE("AR-10 a reserved object is there for nobody until it is published") {
  CHECK_FALSE(reserved().present());
  CHECK_FALSE(uploaded().present());
  CHECK(published().present());
  const artifact_records records{{artifact_field(0, "public/o"), uploaded()}};
  CHECK(artifact_page_answer(records, 0, "", 10, some_start).body == R"({"artifacts":[]})");
  const auto unfinished = uploaded();
  const auto found = follow_links(
      "public/o", [&](const std::string&) { return &unfinished; },
      [](const std::vector<std::string>&) -> outcome<void> {
        return boost::system::in_place_value;
      },
      some_start);
  CHECK(status_of(found) == 404);
}

TEST_CASE("AR-10 the answer says what to upload, where and by which credentials") {
  const auto task = running_task();
  const auto text =
      create_object_answer(task.state, reservation(), reserved(),
                           R"({"clientId":"c","accessToken":"t","certificate":"{}"})");
  const auto answer = against_schema(text, "post-artifact-response");
  CHECK(answer.at("name") == json::value("t/" + some_id.str() + "/0/public/o"));
  CHECK(answer.at("uploadId") == json::value(first_upload));
  CHECK(answer.at("expires") == json::value(to_iso(some_start + 2h)));
}

TEST_CASE("QUIRK-12 AR-19 a repeated reservation keeps its upload, a published object conflicts") {
  const auto task = running_task();
  auto again = reservation();
  again.upload_id = other_upload;
  for (const auto& before : {reserved(), uploaded()})
    CHECK(decide_artifact(task.state, again, &before, task.now).value() == before);
  const auto done = published();
  CHECK(status_of(decide_artifact(task.state, again, &done, task.now)) == 409);
  const auto before = reserved();
  for (const auto storage : {artifact_storage::s3, artifact_storage::reference,
                             artifact_storage::link, artifact_storage::error}) {
    auto other = again;
    other.storage = storage;
    CHECK(status_of(decide_artifact(task.state, other, &before, task.now)) == 409);
  }
}

TEST_CASE("AR-10 an object is stored and read as it was") {
  for (const auto& record : {reserved(), uploaded(), published()})
    CHECK(read_artifact(artifact_text(record)) == record);
}

TEST_CASE("AR-10 AR-11 EV-6 what finishArtifact accepts") {
  CHECK(status_of(decide_finish(nullptr, finishing(first_upload))) == 404);
  auto error = reserved();
  error.storage = artifact_storage::error;
  CHECK(status_of(decide_finish(&error, finishing(first_upload))) == 400);
  const auto pending = reserved();
  CHECK(status_of(decide_finish(&pending, finishing(first_upload))) == 400);
  const auto complete = uploaded();
  CHECK(status_of(decide_finish(&complete, finishing(other_upload))) == 400);
  CHECK(decide_finish(&complete, finishing(first_upload)).value() == published());
  // Once more, whatever the uploadId is.
  const auto done = published();
  CHECK(decide_finish(&done, finishing(other_upload)).value() == done);
}

TEST_CASE("createUpload takes the upload that was reserved and no other") {
  const auto task = running_task();
  const auto good = beginning(task.state);
  const auto record = reserved();
  CHECK(decide_create_upload(task.state, &record, good).value() == record);
  CHECK(status_of(decide_create_upload(task.state, nullptr, good)) == 400);
  auto s3 = record;
  s3.storage = artifact_storage::s3;
  CHECK(status_of(decide_create_upload(task.state, &s3, good)) == 400);
  auto bad = good;
  bad.upload_id = other_upload;
  CHECK(status_of(decide_create_upload(task.state, &record, bad)) == 409);
  bad = good;
  bad.project_id = "another";
  CHECK(status_of(decide_create_upload(task.state, &record, bad)) == 409);
  bad = good;
  bad.expires = some_start + 1h;
  CHECK(status_of(decide_create_upload(task.state, &record, bad)) == 409);
  const auto complete = uploaded();
  CHECK(status_of(decide_create_upload(task.state, &complete, good)) == 409);
}

TEST_CASE("createUpload refuses data whose hashes are not what they should be") {
  const auto task = running_task();
  auto record = reserved();
  auto command = beginning(task.state);
  command.proposed.data_inline = true;
  command.proposed.inline_bytes = "hello";
  CHECK(decide_create_upload(task.state, &record, command).value() == record);
  record.hashes = R"({"sha256":")" + hashes_of("hello").sha256 + "\"}";
  CHECK(decide_create_upload(task.state, &record, command).value() == record);
  command.proposed.inline_bytes = "other";
  CHECK(status_of(decide_create_upload(task.state, &record, command)) == 400);
}

TEST_CASE("section 5.1 an object artifact stays at the backend that was chosen for it") {
  const auto task = running_task();
  const auto at_cloud =
      decide_artifact(task.state, reservation(), nullptr, task.now, "cloud").value();
  CHECK(at_cloud.backend_id == "cloud");
  CHECK(at_cloud.bucket.empty());
  CHECK(decide_artifact(task.state, reservation(), &at_cloud, task.now, "other").value() ==
        at_cloud);
  CHECK(artifact_place(at_cloud, some_id, 0, "public/o") ==
        blob_place{{}, "t/" + some_id.str() + "/0/public/o", "cloud"});
  CHECK(artifact_place(reserved(), some_id, 0, "public/o") ==
        blob_place{{}, some_id.str() + "/0/public/o"});
}

TEST_CASE("section 2.3 data that came inline to a backend are known until others may come") {
  const auto task = running_task();
  auto record = decide_artifact(task.state, reservation(), nullptr, task.now, "cloud").value();
  auto command = beginning(task.state);
  command.proposed.data_inline = true;
  command.proposed.inline_bytes = "hello";
  record = decide_create_upload(task.state, &record, command).value();
  CHECK(record.seen == hashes_of("hello"));
  CHECK(read_artifact(artifact_text(record)) == record);
  const auto said = [](const char* bytes) {
    return R"({"sha256":")" + hashes_of(bytes).sha256 + "\"}";
  };
  CHECK(status_of(decide_finish_upload(task.state, &record, ending(task.state, said("other")))) ==
        400);
  CHECK(decide_finish_upload(task.state, &record, ending(task.state, said("hello"))).has_value());
  command.proposed.data_inline = false;
  const auto reopened = decide_create_upload(task.state, &record, command).value();
  CHECK(reopened.seen == seen_hashes{});
  CHECK(decide_finish_upload(task.state, &reopened, ending(task.state, said("other"))).has_value());
}

TEST_CASE("hashes may be added until the upload is finished, and never change") {
  const auto task = running_task();
  auto known = reserved();
  known.hashes = hash_a;
  const auto more =
      decide_finish_upload(task.state, &known, ending(task.state, R"({"sha512":"bb"})"));
  REQUIRE(more.has_value());
  CHECK(more->uploaded);
  CHECK(json::parse(more->hashes) == json::value{{"sha256", "aa"}, {"sha512", "bb"}});
  auto again = beginning(task.state);
  again.hashes = R"({"sha256":"cc"})";
  CHECK(status_of(decide_create_upload(task.state, &known, again)) == 409);
  CHECK(status_of(decide_finish_upload(task.state, &known,
                                       ending(task.state, R"({"sha256":"cc"})"))) == 409);
  const auto done = uploaded();
  CHECK(decide_finish_upload(task.state, &done, ending(task.state)).value() == done);
  CHECK(decide_finish_upload(task.state, &done, ending(task.state, hash_a)).value() == done);
  CHECK(status_of(decide_finish_upload(task.state, &done,
                                       ending(task.state, R"({"sha512":"bb"})"))) == 409);
}

TEST_CASE("finishUpload is for the upload and the project that were reserved") {
  const auto task = running_task();
  const auto record = reserved();
  CHECK(status_of(decide_finish_upload(task.state, nullptr, ending(task.state))) == 404);
  auto bad = ending(task.state);
  bad.project_id = "another";
  CHECK(status_of(decide_finish_upload(task.state, &record, bad)) == 400);
  bad = ending(task.state);
  bad.upload_id = other_upload;
  CHECK(status_of(decide_finish_upload(task.state, &record, bad)) == 409);
}

TEST_CASE("only complete objects that have not expired are read") {
  read_object command{some_id, 0, "public/o", object_reading::simple, {}, {}};
  const auto pending = reserved();
  const auto complete = uploaded();
  CHECK(status_of(decide_read_object(nullptr, command, some_start)) == 404);
  CHECK(status_of(decide_read_object(&pending, command, some_start)) == 404);
  CHECK(status_of(decide_read_object(&complete, command, some_start)) == 200);
  CHECK(status_of(decide_read_object(&complete, command, some_start + 3h)) == 410);
}

TEST_CASE("what the object service answers") {
  const auto task = running_task();
  const auto until = some_start + 30min;
  const std::string url = "https://example.com/o?x=1";
  const auto read = [&](object_reading as) {
    return read_object_answer(task.state, {some_id, 0, "public/o", as, {}, {}}, uploaded(), url,
                              until);
  };
  CHECK(json::parse(read(object_reading::simple).body) ==
        json::value{{"method", "simple"}, {"url", url}});
  CHECK(json::parse(read(object_reading::get_url).body) ==
        json::value{{"method", "getUrl"},
                    {"url", url},
                    {"expires", to_iso(until)},
                    {"hashes", {{"sha256", "aa"}}}});
  const auto metadata = json::parse(read(object_reading::metadata).body);
  CHECK(metadata.at("projectId") == json::value(task.state.definition->project_id));
  CHECK(metadata.at("hashes") == json::value{{"sha256", "aa"}});
  const auto redirect = read(object_reading::redirect);
  CHECK(redirect.status == 303);
  CHECK(redirect.body.empty());
  CHECK(redirect.headers.front().second == url);
}
