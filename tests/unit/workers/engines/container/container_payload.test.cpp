#include "workers/engines/container/container_payload.hpp"

#include "runtime/schema/schema.hpp"

#include <boost/json.hpp>
#include <catch2/catch_all.hpp>

using namespace troupe;
namespace json = boost::json;

namespace {

using lines = std::vector<std::string>;

json::object payload_with(const std::string& members) {
  auto object = json::parse(members).as_object();
  object.emplace("image", "busybox");
  object.emplace("maxRunTime", 60);
  return object;
}

lines problems_of(const json::value& payload) {
  lines problems;
  read_container_payload(payload, problems);
  return problems;
}

container_payload read(const std::string& members) {
  lines problems;
  auto result = read_container_payload(payload_with(members), problems);
  CHECK(problems == lines{});
  return result;
}

}  // namespace

TEST_CASE("workers 3.2: names of images are whole, and nothing else is one",
          "[container_payload]") {
  CHECK(whole_image_name("busybox") == "docker.io/library/busybox:latest");
  CHECK(whole_image_name("busybox:1.36") == "docker.io/library/busybox:1.36");
  CHECK(whole_image_name("team/tool") == "docker.io/team/tool:latest");
  CHECK(whole_image_name("example.com/tool:x") == "example.com/tool:x");
  CHECK(whole_image_name("localhost:5000/a/b/c") == "localhost:5000/a/b/c:latest");
  CHECK(whole_image_name("localhost/a") == "localhost/a:latest");
  const std::string digest = "@sha256:" + std::string(64, 'a');
  CHECK(whole_image_name("a/b" + digest) == "docker.io/a/b" + digest);
  CHECK(whole_image_name("a/b:t" + digest) == "docker.io/a/b:t" + digest);
  for (const auto* name : {"",
                           "/",
                           "/etc",
                           "a//b",
                           "dir:/etc",
                           "docker-archive:/x",
                           "oci:x:/y",
                           "-v",
                           "--root=/",
                           "a b",
                           "A/b",
                           "a:",
                           "a@sha256:12",
                           "a:b:c",
                           "x:y/z",
                           "example.com:/a",
                           "../a",
                           "a/",
                           ":80/a",
                           "docker://a"})
    CHECK_FALSE(whole_image_name(name));
}

TEST_CASE("workers 3.2: a container's payload is read whole", "[container_payload]") {
  const auto payload = read(R"({
    "image": {"type": "task-image", "taskId": "T", "path": "public/image.tar.zst"},
    "command": ["a", "b c"], "env": {"X": "1"}, "cache": {"two": "/2", "one": "/1"},
    "artifacts": {"public/a": {"type": "file", "path": "/a"},
                  "public/v": {"type": "volume", "path": "/v"}},
    "capabilities": {"disableSeccomp": true, "devices": {"hostSharedMemory": true}},
    "features": {"taskclusterProxy": true, "allowPtrace": true, "bulkLog": false},
    "onExitStatus": {"retry": [3]}, "log": "public/x/my.log"})");
  CHECK(payload.image.content.task_id == "T");
  CHECK(payload.image.format == "zst");
  CHECK(payload.common.commands == std::vector<lines>{{"a", "b c"}});
  CHECK(payload.caches == std::map<std::string, std::string>{{"cache0", "/1"}, {"cache1", "/2"}});
  CHECK(payload.common.mounts.at(1).cache_name == "two");
  CHECK(payload.volumes == std::map<std::string, std::string>{{"volume0", "/v"}});
  CHECK(payload.common.artifacts.at(0).optional);
  CHECK(payload.common.artifacts.at(1).path == "volume0");
  CHECK(payload.common.proxy);
  CHECK_FALSE(payload.common.keeps_backing_log);
  CHECK(payload.common.live_log == "public/x/my.log");
  CHECK(payload.common.backing_log == "public/x/my_backing.log");
  CHECK(container_scopes(payload) == lines{"docker-worker:cache:one", "docker-worker:cache:two",
                                           "docker-worker:feature:allowPtrace",
                                           "docker-worker:capability:disableSeccomp"});
  CHECK(container_scope_choices(payload, "p/w") ==
        std::vector<lines>{{"docker-worker:capability:device:hostSharedMemory",
                            "docker-worker:capability:device:hostSharedMemory:p/w"}});
}

TEST_CASE("workers 3.2: each device has its scope, of any pool or of this one",
          "[container_payload]") {
  const auto payload =
      read(R"({"capabilities": {"devices": {"loopbackVideo": true, "loopbackAudio": true}}})");
  CHECK(payload.common.devices.video);
  CHECK(payload.common.devices.audio);
  CHECK(container_scope_choices(payload, "p/w") ==
        std::vector<lines>{{"docker-worker:capability:device:loopbackVideo",
                            "docker-worker:capability:device:loopbackVideo:p/w"},
                           {"docker-worker:capability:device:loopbackAudio",
                            "docker-worker:capability:device:loopbackAudio:p/w"}});
}

TEST_CASE("workers 3.2: what dockerSave makes are artifacts, also without others",
          "[container_payload]") {
  const auto payload = read(R"({"features": {"dockerSave": true, "artifacts": false},
    "cache": {"one": "/1"}, "artifacts": {"public/a": {"type": "file", "path": "/a"}}})");
  REQUIRE(payload.common.artifacts.size() == 2);
  CHECK(payload.common.artifacts[0].name == "public/dockerImage.tar");
  CHECK(payload.common.artifacts[1].name == "public/cache/one.tar");
}

TEST_CASE("workers 3.2: log names without an ending", "[container_payload]") {
  CHECK(read(R"({"log": "public/a.b/log"})").common.backing_log == "public/a.b/log_backing");
  CHECK(read("{}").common.backing_log == "public/logs/live_backing.log");
}

// What the reader takes, the schema takes, and the other way round.
TEST_CASE("workers 3.2: the schema of containers says what the reader says",
          "[container_payload]") {
  const auto text = json::parse(container_payload_schema());
  const schema_set schemas{json::object{{"schemas/payload", text}}};
  const auto* schema = schemas.find("schemas/payload");
  REQUIRE(schema != nullptr);
  for (const auto* members :
       {"{}", R"({"command": []})", R"({"command": ["a"], "env": {"A": ""}})",
        R"({"image": {"type": "docker-image", "name": "a"}})",
        R"({"image": {"type": "indexed-image", "namespace": "a.b", "path": "x.tar"}})",
        R"({"encryptedEnv": []})", R"({"features": {"dind": true, "relengAPIProxy": false}})",
        R"({"capabilities": {"devices": {"kvm": true, "loopbackVideo": true}}})",
        R"({"cache": {"a": "/b"}})", R"({"supersederUrl": "http://x"})"}) {
    INFO(members);
    CHECK(problems_of(payload_with(members)) == lines{});
    CHECK(schema->validate(payload_with(members), nullptr));
  }
  for (const auto* members :
       {R"({"command": "a"})",
        R"({"command": [1]})",
        R"({"env": {"A": 1}})",
        R"({"image": 1})",
        R"({"image": {"type": "docker-image"}})",
        R"({"image": {"type": "other", "name": "a"}})",
        R"({"image": {"type": "task-image", "taskId": "a", "path": "x.tar", "more": 1}})",
        R"({"encryptedEnv": ["a"]})",
        R"({"features": {"relengAPIProxy": true}})",
        R"({"features": {"other": true}})",
        R"({"features": {"bulkLog": 1}})",
        R"({"capabilities": {"other": true}})",
        R"({"capabilities": {"devices": {"other": true}}})",
        R"({"cache": {"a": "b"}})",
        R"({"cache": {"a": "/b:c"}})",
        R"({"artifacts": {"a": {"type": "file"}}})",
        R"({"artifacts": {"a": {"type": "x", "path": "/a"}}})",
        R"({"artifacts": {"a": {"type": "file", "path": "/a", "expires": "x"}}})",
        R"({"maxRunTime": 0})",
        R"({"other": 1})",
        R"({"supersederUrl": "x"})",
        R"({"onExitStatus": {"retry": [0]}})"}) {
    INFO(members);
    CHECK(problems_of(payload_with(members)) != lines{});
    CHECK_FALSE(schema->validate(payload_with(members), nullptr));
  }
}
