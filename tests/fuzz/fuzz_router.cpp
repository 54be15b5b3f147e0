// Paths of API methods.

#include "gateways/rest/uri.hpp"
#include "messages/api/auth_methods.hpp"
#include "messages/api/index_methods.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/api/router.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

const troupe::router& routes() {
  static const auto made = [] {
    troupe::router all;
    all.add("/api/queue/v1", troupe::queue_methods());
    all.add("/api/auth/v1", troupe::auth_methods());
    all.add("/api/index/v1", troupe::index_methods());
    return all;
  }();
  return made;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  const auto target = text_of(data, size);
  const auto path = path_of(target);
  for (const char* verb : {"GET", "PUT", "POST", "DELETE", "HEAD"}) {
    const auto found = routes().match(verb, path);
    if (found.what != route_match::result::found)
      continue;
    TROUPE_HOLDS(found.method != nullptr);
    TROUPE_HOLDS(found.values.size() == found.method->params.size());
    TROUPE_HOLDS(routes().is_api(path));
    // What is raw in the path is looked at by whoever asks.
    for (const auto& value : found.values)
      TROUPE_HOLDS(!is_utf8(path) || is_utf8(value));
  }
  routes().allowed(path);
  query_value(query_of(target), "limit");
  TROUPE_HOLDS(is_utf8(shown_as_utf8(target)));
  if (const auto decoded = percent_decoded(target))
    TROUPE_HOLDS(is_utf8(*decoded));
  return 0;
}
