#include "gateways/rest/api_lane.hpp"
#include "gateways/rest/handlers/arguments.hpp"
#include "gateways/rest/handlers/handlers.hpp"
#include "messages/secret_commands.hpp"
#include "runtime/lane/switchboard.hpp"
#include "runtime/secrets/secret_ring.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe::handlers {

namespace {

namespace json = boost::json;

constexpr std::size_t most_name = 1024;

// Names are free, but for what no person could ever type again.
std::optional<api_error> check_name(std::string_view name) {
  if (name.size() > most_name)
    return make_api_error(error_code::input_error,
                          "The name of a secret may have up to 1024 bytes, and this one has " +
                              std::to_string(name.size()));
  if (std::any_of(name.begin(), name.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return make_api_error(error_code::input_error,
                          "The name of a secret may have no control characters");
  return std::nullopt;
}

// Overwrites all texts of a value, which lie in memory that is used again.
void wipe_texts(json::value& value) {
  if (auto* text = value.if_string())
    wipe(text->data(), text->size());
  else if (auto* list = value.if_array())
    for (auto& entry : *list)
      wipe_texts(entry);
  else if (auto* members = value.if_object())
    for (auto& member : *members)
      wipe_texts(member.value());
}

}  // namespace

void set_secret(request_context& call) {
  auto& here = call.here();
  const auto by = call.delegate_authorization();  // the scopes were checked; this says who it is
  if (!by)
    return;
  if (auto wrong = check_name(call.param("name")))
    return call.fail(std::move(*wrong));
  troupe::set_secret command;
  command.name = call.param("name");
  // The schema has checked that it is a date.
  command.expires = parse_date_time(text_member(call, "expires")).value_or(timestamp{});
  auto& value = call.body().as_object().at("secret");
  command.plain = json::serialize(value);
  wipe_texts(value);
  command.client_id = by->client_id;
  command.reply = call.await_answer();
  here.board.tell(here.on, std::move(command));
}

void remove_secret(request_context& call) {
  auto& here = call.here();
  const auto by = call.delegate_authorization();
  if (!by)
    return;
  here.board.tell(here.on, troupe::remove_secret{std::string{call.param("name")}, by->client_id,
                                                 call.await_answer()});
}

void get_secret(request_context& call) {
  auto& here = call.here();
  here.board.tell(here.on,
                  troupe::get_secret{std::string{call.param("name")}, call.await_answer()});
}

void list_secrets(request_context& call) {
  auto& here = call.here();
  auto position = page_position(call, "list", {});
  if (!position)
    return call.fail(std::move(position).error());
  troupe::list_secrets command;
  command.limit = page_limit(call);
  command.first = !position->has_value();
  command.after = position->value_or("");
  command.reply = call.await_page({});
  here.board.tell(here.on, std::move(command));
}

}  // namespace troupe::handlers
