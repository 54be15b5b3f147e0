#include "messages/api/router.hpp"
#include "messages/api/queue_methods.hpp"

#include <rapidcheck.h>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using result = route_match::result;

namespace {

router queue_router() {
  router made;
  made.add("/api/queue/v1", queue_methods());
  return made;
}

std::string name_of(const router& routes, std::string_view verb, std::string_view path) {
  const auto found = routes.match(verb, path);
  return found.what == result::found ? std::string{found.method->name} : std::string{};
}

const std::string base = "/api/queue/v1";
const std::string id = "fN1SbArXTPSVFNUvaOlinQ";

}  // namespace

TEST_CASE("REF-4 the table has the 49 methods of the queue") {
  CHECK(queue_methods().size() == 49);
}

TEST_CASE("RT-1 API-3 one-segment parameters tolerate a trailing slash") {
  const auto routes = queue_router();
  CHECK(name_of(routes, "GET", base + "/task/" + id) == "task");
  CHECK(name_of(routes, "GET", base + "/task/" + id + "/") == "task");
  CHECK(name_of(routes, "GET", base + "/ping/") == "ping");
  CHECK(name_of(routes, "GET", base + "/task/" + id + "//").empty());
  CHECK(name_of(routes, "GET", base + "/task/").empty());
}

TEST_CASE("RT-1 API-5 the rest of a path takes raw and encoded slashes, and a suffix after it") {
  const auto routes = queue_router();
  for (const auto* queue : {"prov/type", "prov%2Ftype", "prov%2ftype"}) {
    const auto claim = routes.match("POST", base + "/claim-work/" + queue);
    REQUIRE(claim.what == result::found);
    CHECK(claim.method->name == "claimWork");
    CHECK(claim.values[0] == "prov/type");
    const auto counts = routes.match("GET", base + "/task-queues/" + queue + "/counts");
    REQUIRE(counts.what == result::found);
    CHECK(counts.method->name == "taskQueueCounts");
    CHECK(counts.values[0] == "prov/type");
  }
  const auto artifact =
      routes.match("GET", base + "/task/" + id + "/runs/0/artifacts/public/a%20b%2Fc.log");
  REQUIRE(artifact.what == result::found);
  CHECK(artifact.method->name == "getArtifact");
  CHECK(artifact.values[2] == "public/a b/c.log");
}

TEST_CASE("API-5 the rest of a path may be empty when its slash is there") {
  const auto routes = queue_router();
  CHECK(name_of(routes, "GET", base + "/task/" + id + "/artifacts/") == "getLatestArtifact");
  CHECK(name_of(routes, "GET", base + "/task/" + id + "/artifacts") == "listLatestArtifacts");
}

TEST_CASE("API-6 an encoded queue id is one segment, a raw one is not") {
  const auto routes = queue_router();
  CHECK(name_of(routes, "GET", base + "/task-queues/p%2Fpending") == "getTaskQueue");
  CHECK(name_of(routes, "GET", base + "/task-queues/p/pending") == "listPendingTasks");
  CHECK(name_of(routes, "POST", base + "/tasks/status") == "statuses");
}

TEST_CASE("API-4 API-7 unknown paths, wrong verbs and other letters are not found") {
  const auto routes = queue_router();
  CHECK(routes.match("GET", base + "/Task/" + id).what == result::not_found);
  CHECK(routes.match("DELETE", base + "/task/" + id).what == result::not_found);
  CHECK(routes.match("GET", "/api/queue/v2/ping").what == result::not_found);
  CHECK(routes.match("GET", base).what == result::not_found);
}

TEST_CASE("API-8 API-9 HEAD finds what GET does, and the verbs of a path are known") {
  const auto routes = queue_router();
  CHECK(name_of(routes, "HEAD", base + "/ping") == "ping");
  CHECK(routes.allowed(base + "/task/" + id) == "GET, HEAD, PUT");
  CHECK(routes.allowed(base + "/nothing").empty());
}

TEST_CASE("API-10 broken escapes are noticed") {
  const auto routes = queue_router();
  for (const auto* text : {"%zz", "%2", "%", "%ff", "%c3"})
    CHECK(routes.match("GET", base + "/task/" + text).what == result::bad_escape);
  CHECK(routes.match("GET", base + "/task/%c3%a9").what == result::found);
}

TEST_CASE("API-2 whatever a client encodes comes back") {
  const auto routes = queue_router();
  CHECK(rc::check([&] {
    const auto text =
        *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(0x20, 0x7f)));
    std::string encoded;
    for (char c : text) {
      static constexpr char hex[] = "0123456789ABCDEF";
      const auto u = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += hex[u >> 4];
      encoded += hex[u & 15];
    }
    const auto found = routes.match("GET", base + "/task/" + encoded);
    RC_ASSERT(found.what == result::found);
    RC_ASSERT(found.values[0] == text);
    const auto rest = routes.match("GET", base + "/task/" + id + "/artifacts/" + encoded);
    RC_ASSERT(rest.what == result::found);
    RC_ASSERT(rest.values[1] == text);
  }));
}
