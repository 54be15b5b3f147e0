#include "gateways/zeromq/event_frames.hpp"

#include "messages/json_text.hpp"

namespace troupe {

std::string meta_frame(const event& what, bool redelivered) {
  const auto id = what.id.text();
  std::string meta = "{\"id\":\"" + id + "\",\"seq\":\"" + id + "\",\"exchange\":";
  append_json_string(meta, what.exchange);
  meta += ",\"routingKey\":";
  append_json_string(meta, what.routing_key);
  meta += ",\"cc\":[";
  for (const auto& key : what.cc) {
    if (meta.back() != '[')
      meta += ',';
    append_json_string(meta, key);
  }
  meta += "],\"time\":\"";
  append_iso(meta, what.time);
  meta += "\",\"redelivered\":";
  meta += redelivered ? "true}" : "false}";
  return meta;
}

}  // namespace troupe
