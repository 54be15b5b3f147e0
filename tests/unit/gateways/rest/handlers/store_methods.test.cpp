// The tables of the services with records of their own.

#include "gateways/rest/handlers/handlers.hpp"
#include "gateways/rest/served_methods.hpp"
#include "messages/api/index_methods.hpp"
#include "messages/api/object_methods.hpp"
#include "messages/api/purge_cache_methods.hpp"
#include "messages/api/secrets_methods.hpp"
#include "runtime/envelope/envelope.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

struct served : served_methods {
  served() {
    add("/api/object/v1", object_methods(), find_handler);
    add("/api/secrets/v1", secrets_methods(), find_handler);
    add("/api/index/v1", index_methods(), find_handler);
    add("/api/purge-cache/v1", purge_cache_methods(), find_handler);
  }
};

std::string name_of(const served_methods& table, std::string_view verb, std::string_view path) {
  const auto found = table.find(verb, path);
  return found.method == nullptr ? std::string{} : std::string{found.method->row->name};
}

}  // namespace

TEST_CASE("REF-4 every method of secrets, index, purge-cache and objects is served") {
  const served table;
  for (const auto* rows :
       {&secrets_methods(), &index_methods(), &purge_cache_methods(), &object_methods()})
    for (const auto& row : *rows) {
      INFO(row.service << "." << row.name);
      CHECK(table.by_name(row.service, row.name) != nullptr);
    }
  CHECK(secrets_methods().size() == 8);
  CHECK(purge_cache_methods().size() == 7);
  CHECK(index_methods().size() == 13);  // two of them hidden
}

TEST_CASE("IDX-18 a parameter that may be left out may be left out with its slash") {
  const served table;
  for (const auto* path : {"/api/index/v1/namespaces", "/api/index/v1/namespaces/"}) {
    const auto found = table.find("GET", path);
    REQUIRE(found.method != nullptr);
    CHECK(found.method->row->name == "listNamespaces");
    CHECK(found.values == std::vector<std::string>{""});
    CHECK_FALSE(check_params(*found.method->row, found.values));
  }
  CHECK(table.find("GET", "/api/index/v1/tasks/a.b/").values == std::vector<std::string>{"a.b"});
  CHECK(name_of(table, "GET", "/api/index/v1/tasks//").empty());
  CHECK(name_of(table, "POST", "/api/index/v1/tasks/indexes") == "findTasksAtIndex");
  CHECK(name_of(table, "POST", "/api/index/v1/tasks/other") == "listTasksPost");
  CHECK(check_params(*table.by_name("index", "listTasks")->row, std::vector<std::string>{"a..b"}));
}

TEST_CASE("PCH-6 the list is no pool") {
  const served table;
  CHECK(name_of(table, "GET", "/api/purge-cache/v1/purge-cache/list") == "allPurgeRequests");
  CHECK(name_of(table, "GET", "/api/purge-cache/v1/purge-cache/p/w") == "purgeRequests");
  CHECK(name_of(table, "POST", "/api/purge-cache/v1/purge-cache/list") == "purgeCache");
  for (const auto* pool : {"list", "pp", "pp/wt/x", "/wt", "pp/"})
    CHECK(check_params(*table.by_name("purge-cache", "purgeCache")->row,
                       std::vector<std::string>{pool}));
}

TEST_CASE("scopes that follow from the path are checked first, others after the rest") {
  const served table;
  for (const auto* name : {"findTask", "insertTask", "deleteTask", "findArtifactFromTask"})
    CHECK(table.by_name("index", name)->scopes_from_url);
  for (const auto* name : {"listTasks", "listNamespaces", "findTasksAtIndex"})
    CHECK_FALSE(table.by_name("index", name)->scopes_from_url);
  for (const auto* name : {"set", "get", "remove"})
    CHECK(table.by_name("secrets", name)->scopes_from_url);
  CHECK_FALSE(table.by_name("purge-cache", "purgeCache")->scopes_from_url);
  CHECK(table.by_name("purge-cache", "purgeRequests")->scopes_from_url);
}
