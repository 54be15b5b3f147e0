#include "messages/api/auth_methods.hpp"
#include "messages/api/implemented.hpp"
#include "messages/api/index_methods.hpp"
#include "messages/api/object_methods.hpp"
#include "messages/api/purge_cache_methods.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/api/secrets_methods.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace troupe;

namespace {

constexpr std::array<std::string_view, 11> exchanges = {"task-defined",
                                                        "task-pending",
                                                        "task-running",
                                                        "task-completed",
                                                        "task-failed",
                                                        "task-exception",
                                                        "artifact-created",
                                                        "task-group-resolved",
                                                        "task-group-sealed",
                                                        "task-priority-changed",
                                                        "task-group-priority-changed"};

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

// A service of which every method is served; a test of the gateway holds the two together.
void render_service(std::ostream& out, std::string_view title,
                    const std::vector<api_method>& methods) {
  out << "\n## " << title << "\n\n| method | route | stability | |\n|---|---|---|---|\n";
  for (const auto& method : methods)
    out << "| " << method.name << " | `" << method.verb << " " << method.route << "` | "
        << method.stability << " | done |\n";
}

void render_auth(std::ostringstream& out) {
  out << "\n## Auth methods\n\n| method | route | stability | |\n|---|---|---|---|\n";
  for (const auto& method : auth_methods())
    out << "| " << method.name << " | `" << method.verb << " " << method.route << "` | "
        << method.stability << " | "
        << (contains(implemented_auth_methods, method.name) ? "done" : "404: not configured")
        << " |\n";
  out << "\n## Auth exchanges\n\n| exchange | |\n|---|---|\n";
  for (const auto name : implemented_auth_exchanges)
    out << "| `exchange/taskcluster-auth/v1/" << name << "` | done |\n";
}

std::string render() {
  std::ostringstream out;
  out << "# Compatibility\n\nMade from the table of methods by a test; do not edit by hand.\n\n"
         "## Queue methods\n\n| method | route | stability | |\n|---|---|---|---|\n";
  for (const auto& method : queue_methods())
    out << "| " << method.name << " | `" << method.verb << " " << method.route << "` | "
        << method.stability << " | "
        << (contains(implemented_queue_methods, method.name) ? "done" : "not yet") << " |\n";
  out << "\n## Queue exchanges\n\n| exchange | |\n|---|---|\n";
  for (const auto name : exchanges)
    out << "| `exchange/taskcluster-queue/v1/" << name << "` | "
        << (contains(implemented_queue_exchanges, name) ? "done" : "not yet") << " |\n";
  render_service(out, "Object methods", object_methods());
  render_service(out, "Secrets methods", secrets_methods());
  render_service(out, "Index methods", index_methods());
  render_service(out, "Purge-cache methods", purge_cache_methods());
  render_auth(out);
  return out.str();
}

}  // namespace

TEST_CASE("the compatibility document agrees with the table of methods") {
  const std::string path = TROUPE_TEST_DATA "/../../docs/compatibility.md";
  const auto expected = render();
  if (std::getenv("TROUPE_UPDATE_DOCS") != nullptr)
    std::ofstream{path} << expected;
  std::ifstream file{path};
  std::ostringstream found;
  found << file.rdbuf();
  INFO("run this test with TROUPE_UPDATE_DOCS=1 to write it anew");
  CHECK(found.str() == expected);
}
