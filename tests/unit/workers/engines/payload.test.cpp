#include "workers/engines/payload.hpp"

#include "runtime/schema/schema.hpp"
#include "workers/engines/payload_schema.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

// The payload with what must be there, and these members.
json::object payload_with(const std::string& members) {
  auto object = json::parse(members).as_object();
  object.emplace("command", json::parse(R"([["true"]])"));
  object.emplace("maxRunTime", 60);
  return object;
}

lines problems_of(const std::string& members) {
  lines problems;
  read_payload(payload_with(members), problems);
  return problems;
}

lines problems_with_task(const std::string& members, const std::string& task) {
  lines problems;
  const auto payload = read_payload(payload_with(members), problems);
  check_payload(payload, json::parse(task).as_object(), problems);
  return problems;
}

}  // namespace

TEST_CASE("a payload is read whole", "[payload]") {
  lines problems;
  const auto payload = read_payload(json::parse(R"({
    "command": [["a", "b c"], ["d"]], "maxRunTime": 7, "env": {"X": "1"},
    "artifacts": [{"type": "directory", "path": "out"}],
    "mounts": [{"file": "f", "content": {"base64": "aGk="}}],
    "features": {"taskclusterProxy": true, "liveLog": false},
    "logs": {"live": "public/l", "backing": "public/b"},
    "onExitStatus": {"retry": [3, 4], "purgeCaches": [0]}})"),
                                    problems);
  CHECK(problems == lines{});
  CHECK(payload.commands == std::vector<lines>{{"a", "b c"}, {"d"}});
  CHECK(payload.max_run_time == std::chrono::seconds{7});
  CHECK(payload.env == std::map<std::string, std::string>{{"X", "1"}});
  CHECK(payload.artifacts.at(0).name == "out");
  CHECK(payload.artifacts.at(0).directory);
  CHECK(payload.mounts.at(0).content.text == "hi");
  CHECK(payload.proxy);
  CHECK_FALSE(payload.keeps_live_log);
  CHECK(payload.keeps_backing_log);
  CHECK(payload.live_log == "public/l");
  CHECK(payload.backing_log == "public/b");
  CHECK(payload.retry_codes == std::vector{3, 4});
}

TEST_CASE("workers 7: validation messages name the path and the rule", "[payload]") {
  CHECK(problems_of(R"({"onExitStatus": {"retry": [0]}})") ==
        lines{"onExitStatus.retry.0: Must be greater than or equal to 1"});
  CHECK(problems_of(R"({"colour": 1})") == lines{"payload: the property 'colour' is not known"});
  CHECK(problems_of(R"({"env": {"X": 1}})") == lines{"env.X: must be a string"});
  CHECK(problems_of(R"({"artifacts": [{"type": "file", "path": "a", "contentEncoding": "br"}]})") ==
        lines{"artifacts.0.contentEncoding: must be 'gzip' or 'identity'"});
  CHECK(problems_of(R"({"features": {"interactive": true, "resourceMonitor": true}})") == lines{});
  CHECK(
      problems_of(R"({"mounts": [{"file": "f", "content": {"raw": "x", "url": "http://a/"}}]})") ==
      lines{"mounts.0.content: must be one of an artifact of a task (taskId) or of the index "
            "(namespace), a url, raw or base64"});
  lines problems;
  read_payload(json::value{}, problems);
  CHECK(problems == lines{"the payload must be an object"});
}

TEST_CASE("workers 7: identical entries are a schema error, similar ones are not", "[payload]") {
  const std::string one = R"({"type": "file", "path": "a"})";
  const std::string other = R"({"type": "file", "path": "a", "optional": true})";
  CHECK(problems_of("{\"artifacts\": [" + one + "," + other + "]}") == lines{});
  CHECK(problems_of("{\"artifacts\": [" + one + "," + other + "," + one + "]}") ==
        lines{"artifacts.2: must be unique"});
}

TEST_CASE("workers 7: artifacts expire between the deadline and the expiry of the task",
          "[payload]") {
  const std::string task = R"({"deadline": "2030-01-01T00:00:00.000Z",
                               "expires": "2031-01-01T00:00:00.000Z"})";
  const auto problems = [&task](const std::string& expires) {
    return problems_with_task(
        R"({"artifacts": [{"type": "file", "path": "a", "expires": ")" + expires + "\"}]}", task);
  };
  CHECK(problems("2030-01-01T00:00:00.000Z") == lines{});
  CHECK(problems("2029-12-31T23:59:59.000Z") == lines{});  // a second of tolerance
  CHECK(problems("2030-06-01T00:00:00.000Z") == lines{});
  CHECK(problems("2031-01-01T00:00:00.000Z") == lines{});
  CHECK(problems("2029-12-31T23:59:58.999Z") ==
        lines{"artifacts.0.expires: must not be before the deadline of the task, "
              "2030-01-01T00:00:00.000Z"});
  CHECK(problems("2031-01-01T00:00:01.001Z") ==
        lines{"artifacts.0.expires: must not be after the task expires, 2031-01-01T00:00:00.000Z"});
}

TEST_CASE("workers 7: a task mounts artifacts of tasks that it depends on", "[payload]") {
  const std::string mounts =
      R"({"mounts": [{"file": "f", "content": {"taskId": "T1", "artifact": "public/a"}}]})";
  CHECK(problems_with_task(mounts, R"({"dependencies": ["T0", "T1"]})") == lines{});
  CHECK(problems_with_task(mounts, R"({"dependencies": ["T0"]})") ==
        lines{"mounts.0.content.taskId: the task must depend on T1"});
  CHECK(problems_with_task(mounts, "{}").size() == 1);
}

TEST_CASE("workers 3.1.2: the mounts of a payload", "[payload]") {
  lines problems;
  const auto payload = read_payload(payload_with(R"({"mounts": [
    {"file": "f.txt", "content": {"url": "https://a/f.gz", "sha256":
      "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1"}, "format": "gz"},
    {"directory": "d", "cacheName": "one"},
    {"directory": "e", "cacheName": "two", "content": {"namespace": "a.b", "artifact": "public/x"},
     "format": "tar.zst"},
    {"directory": "g", "content": {"base64": "aGk="}, "format": "zip"}],
    "onExitStatus": {"purgeCaches": [0, 7]}})"),
                                    problems);
  CHECK(problems == lines{});
  REQUIRE(payload.mounts.size() == 4);
  CHECK(payload.mounts[0].file == "f.txt");
  CHECK(payload.mounts[0].format == "gz");
  CHECK(payload.mounts[1].directory == "d");
  CHECK_FALSE(payload.mounts[1].content.given());
  CHECK(payload.mounts[2].content.index_path == "a.b");
  CHECK(payload.mounts[3].content.text == "hi");
  CHECK(payload.purge_codes == std::vector{0, 7});
  CHECK(needed_scopes(payload, "pp/wt") ==
        lines{"generic-worker:cache:one", "generic-worker:cache:two"});
}

TEST_CASE("workers 3.1.2: bad combinations of mounts say what is wrong", "[payload]") {
  const auto problems = [](const std::string& mount) {
    const auto found = problems_of(R"({"mounts": [)" + mount + "]}");
    return found.size() == 1 ? found[0] : std::to_string(found.size()) + " problems";
  };
  CHECK(problems(R"({"content": {"raw": "x"}})") ==
        "mounts.0: must have either 'file' or 'directory'");
  CHECK(problems(R"({"file": "f", "directory": "d"})") ==
        "mounts.0: must have either 'file' or 'directory'");
  CHECK(problems(R"({"file": "f"})") == "mounts.0: a file needs 'content'");
  CHECK(problems(R"({"directory": "d", "content": {"raw": "x"}})") ==
        "mounts.0: a directory needs 'cacheName', or 'content' and 'format'");
  CHECK(problems(R"({"directory": "d", "cacheName": "c", "format": "zip"})") ==
        "mounts.0: a cache is loaded by 'content' and 'format' together");
  CHECK(problems(R"({"file": "../f", "content": {"raw": "x"}})") ==
        "mounts.0.file: must be a path within the directory of the task");
  CHECK(problems(R"({"directory": ".", "cacheName": "c"})") ==
        "mounts.0.directory: must be a path within the directory of the task");
  CHECK(problems(R"({"file": "f", "content": {"url": "file:///etc/passwd"}})") ==
        "mounts.0.content.url: must begin with http:// or https://");
  CHECK(problems(R"({"file": "f", "content": {"url": "http://a/", "sha256": "12"}})") ==
        "mounts.0.content.sha256: must be 64 hexadecimal digits in lower case");
  CHECK(problems(R"({"file": "f", "content": {"raw": "x"}, "format": "mz"})") ==
        "mounts.0.format: this worker unpacks br, bz2, gz, lz, lz4, sz, xz, zst, zz, not 'mz'");
  CHECK(problems(R"({"file": "f", "content": {"raw": ")" + std::string(65537, 'x') + R"("}})") ==
        "mounts.0.content.raw: must not be longer than 65536");
  CHECK(problems_of(R"({"onExitStatus": {"purgeCaches": [-1]}})") ==
        lines{"onExitStatus.purgeCaches.0: Must be greater than or equal to 0"});
}

TEST_CASE("workers 7: the schema in the log is one that payloads are read by", "[payload]") {
  const auto document = json::parse(payload_schema());
  const schema_set schemas{json::object{{"schemas/payload", document}}};
  const auto* compiled = schemas.find("schemas/payload");
  REQUIRE(compiled != nullptr);
  const std::pair<const char*, bool> samples[] = {
      {R"({})", true},
      {R"({"env": {"X": "1"}, "supersederUrl": "https://a/", "osGroups": []})", true},
      {R"({"artifacts": [{"type": "directory", "path": "o", "optional": true}]})", true},
      {R"({"artifacts": [{"type": "directory", "path": "o", "optional": "yes"}]})", false},
      {R"({"artifacts": [{"type": "volume", "path": "o"}]})", false},
      {R"({"artifacts": [{"type": "file", "path": "o", "name": 7}]})", false},
      {R"({"mounts": [{"directory": "d", "cacheName": "c"}]})", true},
      {R"({"mounts": [{"file": "f", "content": {"namespace": "a", "artifact": "b"}}]})", true},
      {R"({"mounts": [{"file": "f"}]})", false},
      {R"({"mounts": [{"directory": "d", "content": {"raw": "x"}}]})", false},
      {R"({"mounts": [{"file": "f", "content": {"raw": "x", "url": "http://a/"}}]})", false},
      {R"({"features": {"chainOfTrust": true, "interactive": true}})", true},
      {R"({"features": {"loopbackVideo": true, "loopbackAudio": true}})", true},
      {R"({"features": {"loopbackVideo": 1}})", false},
      {R"({"features": {"teleport": false}})", false},
      {R"({"features": {"liveLog": "yes"}})", false},
      {R"({"onExitStatus": {"retry": [1], "purgeCaches": [0]}})", true},
      {R"({"onExitStatus": {"retry": [0]}})", false},
      {R"({"onExitStatus": 1})", false},
      {R"({"osGroups": ["docker"]})", false},
      {R"({"taskclusterProxyInterface": "docker-bridge"})", false},
      {R"({"supersederUrl": 5})", false},
      {R"({"logs": {"live": 1}})", false},
  };
  for (const auto& [members, good] : samples) {
    INFO(members);
    CHECK(compiled->validate(payload_with(members), nullptr) == good);
    CHECK(problems_of(members).empty() == good);
  }
}

TEST_CASE("workers 3.1.3: features say what they need", "[payload]") {
  lines problems;
  const auto payload = read_payload(
      payload_with(R"({"features": {"chainOfTrust": true, "runTaskAsCurrentUser": true}})"),
      problems);
  CHECK(problems.empty());
  CHECK(needed_scopes(payload, "pp/wt") == lines{"generic-worker:run-task-as-current-user:pp/wt"});
  check_offers(payload, {true, true}, problems);
  CHECK(problems.empty());
  check_offers(payload, {false, true}, problems);
  CHECK(problems == lines{"features.chainOfTrust: this worker has no key to sign with; start it "
                          "with --chain-of-trust-key"});
  CHECK(problems_of(R"({"osGroups": ["docker"]})").at(0).starts_with("osGroups: this worker runs"));
}
