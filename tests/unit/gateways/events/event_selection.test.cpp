#include "gateways/events/event_selection.hpp"

#include <rapidcheck.h>
#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

using namespace troupe;
namespace json = boost::json;

namespace {

using words = std::vector<std::string>;

std::string joined(const words& of) {
  std::string out;
  for (std::size_t i = 0; i < of.size(); ++i)
    out += (i == 0 ? "" : "/") + of[i];
  return out;
}

// What the patterns mean, as plainly as it can be said.
bool plainly_selects(std::span<const std::string> pattern, std::span<const std::string> name) {
  if (pattern.empty())
    return name.empty();
  if (pattern[0] == "#")
    return plainly_selects(pattern.subspan(1), name) ||
           (!name.empty() && plainly_selects(pattern, name.subspan(1)));
  return !name.empty() && (pattern[0] == "*" || pattern[0] == name[0]) &&
         plainly_selects(pattern.subspan(1), name.subspan(1));
}

std::string refusal(const char* text) {
  const auto read = event_selection::read(json::parse(text));
  return read ? "" : read.error().message;
}

}  // namespace

TEST_CASE("event selection: exchanges are matched word by word, dots are nothing special") {
  CHECK(selects_exchange("exchange/#", "exchange/taskcluster-queue/v1/task-defined"));
  CHECK(selects_exchange("exchange/*/v1/*", "exchange/taskcluster-queue/v1/task-defined"));
  CHECK_FALSE(selects_exchange("exchange/*", "exchange/taskcluster-queue/v1/task-defined"));
  CHECK(selects_exchange("exchange/a.b/v1/*", "exchange/a.b/v1/x"));
  CHECK_FALSE(selects_exchange("exchange/a/b", "exchange/a.b"));
  CHECK_FALSE(selects_exchange("exchange/*", "exchange/a/b"));
}

TEST_CASE("event selection: patterns of exchanges mean what they say") {
  CHECK(rc::check([] {
    const auto pattern = *rc::gen::nonEmpty(
        rc::gen::container<words>(rc::gen::element<std::string>("a", "b.c", "d", "*", "#")));
    const auto name = *rc::gen::nonEmpty(
        rc::gen::container<words>(rc::gen::element<std::string>("a", "b.c", "d")));
    RC_ASSERT(selects_exchange(joined(pattern), joined(name)) == plainly_selects(pattern, name));
  }));
}

TEST_CASE("event selection: an event is wanted by its key or by one of its routes") {
  const auto read = event_selection::read(
      json::parse(R"([{"exchange":"exchange/x/v1/*","routingKey":"primary.t.#"},
                      {"exchange":"exchange/#","routingKeyPattern":"route.mine.*"}])"));
  REQUIRE(read.has_value());
  const std::vector<std::string> none;
  const std::vector<std::string> mine{"route.other.x", "route.mine.x"};
  CHECK(read->wants("exchange/x/v1/e", "primary.t.0", none));
  CHECK_FALSE(read->wants("exchange/x/v1/e", "primary.u.0", none));
  CHECK_FALSE(read->wants("exchange/y/v1/e", "primary.t.0", none));
  CHECK(read->wants("exchange/y/v1/e", "primary.u.0", mine));
}

TEST_CASE("event selection: a key that is not given is any") {
  const auto read = event_selection::read(json::parse(R"([{"exchange":"exchange/x"}])"));
  REQUIRE(read.has_value());
  CHECK(read->entries() == std::vector<event_selection::entry>{{"exchange/x", "#"}});
}

TEST_CASE("event selection: what is wrong is said") {
  CHECK(refusal("{}").find("a list of") != std::string::npos);
  CHECK(refusal(R"([1])").find("not 1") != std::string::npos);
  CHECK(refusal(R"([{"routingKey":"#"}])").find("\"exchange\"") != std::string::npos);
  CHECK(refusal(R"([{"exchange":1}])").find("\"exchange\" must be a text") != std::string::npos);
}
