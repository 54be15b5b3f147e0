#include "gateways/events/event_text.hpp"

#include "messages/json_text.hpp"

namespace troupe {

namespace {

constexpr std::string_view route_prefix = "route.";

void append_list(std::string& out, std::span<const std::string> keys, std::size_t without) {
  out += '[';
  for (const auto& key : keys) {
    if (out.back() != '[')
      out += ',';
    append_json_string(out, std::string_view{key}.substr(without));
  }
  out += ']';
}

void append_common(std::string& out, const event& what) {
  out += "\"exchange\":";
  append_json_string(out, what.exchange);
  out += ",\"routingKey\":";
  append_json_string(out, what.routing_key);
}

std::string gap_text(const std::string& fields, event_form form) {
  return form == event_form::stream ? stream_text("gap", "{" + fields + "}")
                                    : "{\"gap\":{" + fields + "}}";
}

}  // namespace

std::string event_text(const event& what, event_form form) {
  std::string out;
  out.reserve(what.payload.size() + what.routing_key.size() + what.exchange.size() + 256);
  if (form == event_form::message) {
    out += "{\"id\":\"" + what.id.text() + "\",";
    append_common(out, what);
    out += ",\"cc\":";
    append_list(out, what.cc, 0);
    out += ",\"payload\":";
    out += what.payload;
    out += '}';
    return out;
  }
  out += "event: message\nid: " + what.id.text() + "\ndata: {";
  append_common(out, what);
  // Every further key is a route of its task.
  out += ",\"redelivered\":false,\"routes\":";
  append_list(out, what.cc, route_prefix.size());
  out += ",\"payload\":";
  out += what.payload;
  out += "}\n\n";
  return out;
}

std::string dropped_text(std::uint64_t count, event_form form) {
  return gap_text("\"dropped\":" + std::to_string(count), form);
}

std::string cut_text(const event_id& after, event_form form) {
  return gap_text("\"after\":\"" + after.text() + "\"", form);
}

std::string stream_text(std::string_view name, std::string_view data) {
  std::string out{"event: "};
  out += name;
  out += "\ndata: ";
  out += data;
  out += "\n\n";
  return out;
}

}  // namespace troupe
