#include "gateways/task_graph/graph_content.hpp"

#include "messages/json_text.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>

namespace troupe {

namespace json = boost::json;

namespace {

void append_number(std::string& out, double number) {
  // Whole numbers are one, however they were written; 2^53 is where doubles stop telling them
  // apart.
  constexpr double whole_up_to = 9007199254740992.0;
  if (std::abs(number) < whole_up_to && number == std::floor(number))
    out += std::to_string(static_cast<std::int64_t>(number));
  else
    out += json::serialize(json::value(number));
}

void append_meaning(std::string& out, const json::value& value);

void append_members(std::string& out, const json::object& object) {
  std::vector<const json::object::value_type*> members;
  members.reserve(object.size());
  for (const auto& member : object)
    members.push_back(&member);
  std::sort(members.begin(), members.end(),
            [](const auto* a, const auto* b) { return a->key() < b->key(); });
  out += '{';
  for (const auto* member : members) {
    append_json_string(out, member->key());
    out += ':';
    append_meaning(out, member->value());
    out += ',';
  }
  out += '}';
}

// As deep as the parser lets texts be.
void append_meaning(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::object:
      return append_members(out, value.get_object());
    case json::kind::array:
      out += '[';
      for (const auto& item : value.get_array()) {
        append_meaning(out, item);
        out += ',';
      }
      out += ']';
      return;
    case json::kind::string:
      return append_json_string(out, value.get_string());
    case json::kind::double_:
      return append_number(out, value.get_double());
    case json::kind::int64:
      out += std::to_string(value.get_int64());
      return;
    case json::kind::uint64:
      out += std::to_string(value.get_uint64());
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::null:
      out += "null";
      return;
  }
}

std::string_view bytes_of(const digest& of) {
  return {reinterpret_cast<const char*>(of.data()), of.size()};
}

}  // namespace

task_graph_id graph_id_of(std::string_view key) {
  auto made = sha256(std::string{"task-graph:"} + std::string{key});
  // A slugid is a UUID of version 4.
  made[6] = static_cast<unsigned char>((made[6] & 0x0f) | 0x40);
  made[8] = static_cast<unsigned char>((made[8] & 0x3f) | 0x80);
  return *task_graph_id::parse(base64url(bytes_of(made).substr(0, 16)));
}

digest meaning_of(const json::value& value) {
  thread_local std::string text;
  text.clear();
  append_meaning(text, value);
  return sha256(text);
}

std::string content_of(std::vector<std::pair<task_id, digest>> tasks) {
  std::sort(tasks.begin(), tasks.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string text;
  text.reserve(tasks.size() * 54);
  for (const auto& [id, meaning] : tasks)
    (text += id.view()) += bytes_of(meaning);
  return base64url(sha256(text));
}

}  // namespace troupe
