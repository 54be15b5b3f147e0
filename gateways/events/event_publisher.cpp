#include "gateways/events/event_publisher.hpp"

#include "gateways/rest/door_access.hpp"
#include "runtime/events/event_stream.hpp"
#include "runtime/lane/lane.hpp"
#include "runtime/scopes/scope.hpp"
#include "runtime/store/lane_store.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <memory>
#include <optional>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view scope_prefix = "events:publish:";
constexpr std::string_view exchange_prefix = "exchange/";
constexpr std::size_t longest_key = 255;  // in bytes, as with AMQP
constexpr std::size_t most_routes = 64;

api_error wrong(std::string text) {
  return make_api_error(error_code::input_error, std::move(text));
}

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

// Wildcards belong to patterns, and a bar ends the exchange in a topic of ZeroMQ.
outcome<std::string> read_exchange(const json::value& value) {
  constexpr std::string_view rule =
      "\"exchange\" is a text of at most 255 bytes like \"exchange/<name>/v1/<event>\": words "
      "separated by '/', none of them empty, without spaces, '|', '*' and '#'";
  if (!value.is_string())
    return wrong(std::string{rule});
  const std::string name{value.get_string()};
  if (!name.starts_with(exchange_prefix) || name.size() > longest_key || !is_printable(name) ||
      name.find_first_of(" |*#") != std::string::npos || name.find("//") != std::string::npos ||
      name.ends_with('/'))
    return wrong(std::string{rule} + "; it is not '" + name.substr(0, longest_key) + "'");
  return name;
}

outcome<std::string> read_key(const json::value& value, std::string_view what) {
  const auto* text = value.if_string();
  if (text == nullptr)
    return wrong(std::string{what} + " is a text");
  if (text->size() > longest_key)
    return wrong(std::string{what} + " may have at most " + std::to_string(longest_key) +
                 " bytes, not " + std::to_string(text->size()));
  std::string key{*text};
  if (!is_printable(key))
    return wrong(std::string{what} + " must not have control characters");
  return key;
}

outcome<std::vector<std::string>> read_routes(const json::value& value) {
  const auto* list = value.if_array();
  if (list == nullptr)
    return wrong("\"routes\" is a list of texts, like [\"index.project.latest\"]");
  if (list->size() > most_routes)
    return wrong("\"routes\" may have at most " + std::to_string(most_routes) + " entries, not " +
                 std::to_string(list->size()));
  std::vector<std::string> keys;
  for (const auto& entry : *list) {
    TROUPE_TRY(auto route, read_key(entry, "each of \"routes\""));
    keys.push_back("route." + std::move(route));
  }
  return keys;
}

}  // namespace

outcome<publication> publication::read(const json::value& said) {
  const auto* members = said.if_object();
  if (members == nullptr)
    return wrong(
        "\"publish\" is an object like {\"exchange\": \"exchange/...\", \"routingKey\": \"...\", "
        "\"routes\": [], \"payload\": {}}");
  publication made;
  made.payload = "{}";
  bool has_exchange = false;
  for (const auto& [name, value] : *members) {
    if (name == "exchange") {
      TROUPE_TRY(made.exchange, read_exchange(value));
      has_exchange = true;
    } else if (name == "routingKey") {
      TROUPE_TRY(made.routing_key, read_key(value, "\"routingKey\""));
    } else if (name == "routes") {
      TROUPE_TRY(made.cc, read_routes(value));
    } else if (name == "payload") {
      if (!value.is_object())
        return wrong("\"payload\" is a JSON object");
      made.payload = json::serialize(value);
    } else {
      return wrong(
          "\"publish\" has \"exchange\", \"routingKey\", \"routes\" and \"payload\", but no \"" +
          std::string{name} + "\"");
    }
  }
  if (!has_exchange)
    return wrong("\"publish\" has to name the \"exchange\"");
  return made;
}

outcome<void> may_publish(const caller& by, std::string_view exchange) {
  return demand_scope(by, std::string{scope_prefix} + std::string{exchange});
}

bool may_publish_somewhere(const caller& by) {
  for (const auto& scope : by.scopes->list()) {
    std::string_view text{scope};
    if (text.starts_with(scope_prefix))
      return true;
    if (text.ends_with('*') && scope_prefix.starts_with(text.substr(0, text.size() - 1)))
      return true;
  }
  return false;
}

void event_publisher::publish(lane& from, publication what, told done) {
  auto write = [this, &from, what = std::move(what), done = std::move(done)] {
    auto& store = first_.store();
    const auto answer = [this, &from, done](std::optional<api_error> failure) {
      auto tell = [done, failure = std::move(failure)] {
        done(failure ? outcome<void>{*failure} : outcome<void>{boost::system::in_place_value});
      };
      // Another lane was told of the event by a post that this one comes behind.
      if (&from == &first_)
        tell();
      else
        from.post(tell);
    };
    if (store.overdue())
      return answer(make_api_error(error_code::service_unavailable,
                                   "Redis does not take the event now; try again in a moment"));
    store.begin_commit();
    store.append_event(published_stream, {what.exchange, what.routing_key, what.cc, what.payload});
    store.when_safe(store.end_commit(), [answer] { answer(std::nullopt); });
  };
  if (&from == &first_)
    write();
  else
    first_.post(std::move(write));
}

}  // namespace troupe
