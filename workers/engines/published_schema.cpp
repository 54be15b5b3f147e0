#include "workers/engines/published_schema.hpp"

#include "workers/engines/payload_schema.hpp"

#include <boost/json.hpp>

#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr const char* written_in = "http://json-schema.org/draft-06/schema#";

json::object read(std::string_view text) { return json::parse(text).as_object(); }

json::object all_of(json::array parts) { return {{"allOf", std::move(parts)}}; }

json::object not_any_of(json::array parts) {
  return {{"not", json::object{{"anyOf", std::move(parts)}}}};
}

json::object limited(json::object schema, std::chrono::seconds max_run_time) {
  if (max_run_time.count() > 0)
    schema["properties"].as_object()["maxRunTime"].as_object()["maximum"] = max_run_time.count();
  return schema;
}

// What the engine at that place is chosen for: what is meant for it and none before it, and in the
// first place also what is meant for none.
json::object chosen_for(const std::vector<offered_schema>& engines, std::size_t place) {
  json::array before;
  for (std::size_t i = 0; i < place; ++i)
    before.push_back(engines[i].means);
  if (place > 0)
    return all_of({engines[place].means, not_any_of(std::move(before))});
  json::array any;
  for (const auto& each : engines)
    any.push_back(each.means);
  return {{"anyOf", json::array{engines[0].means, not_any_of(std::move(any))}}};
}

}  // namespace

offered_schema offer_processes(std::chrono::seconds max_run_time) {
  return {"process", limited(read(payload_schema()), max_run_time),
          read(R"({"required": ["command"], "not": {"required": ["image"]}})")};
}

offered_schema offer_containers(std::string_view schema, std::chrono::seconds max_run_time) {
  return {"container", limited(read(schema), max_run_time), read(R"({"required": ["image"]})")};
}

offered_schema offer_scripts(json::object schema) {
  return {"script", std::move(schema), read(R"({"anyOf": [
      {"required": ["script"], "properties": {"script": {"type": "string"}}},
      {"not": {"anyOf": [{"required": ["command"]}, {"required": ["image"]}]}}]})")};
}

json::object embedded(json::object schema, const std::string& id) {
  schema.erase("$schema");
  if (!schema.contains("$id") && !schema.contains("id"))
    schema["$id"] = id;
  return schema;
}

json::object merge_schemas(const std::vector<offered_schema>& engines) {
  json::object merged{
      {"$schema", written_in}, {"title", "Payloads of a worker of Troupe"}, {"type", "object"}};
  json::array each;
  for (std::size_t place = 0; place < engines.size(); ++place) {
    auto part = embedded(engines[place].takes, "troupe:payload/" + engines[place].name);
    if (engines.size() > 1)
      part = all_of({chosen_for(engines, place), std::move(part)});
    each.push_back(std::move(part));
  }
  merged["oneOf"] = std::move(each);
  return merged;
}

}  // namespace troupe
