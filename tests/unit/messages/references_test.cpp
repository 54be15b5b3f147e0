#include "messages/api/references.hpp"
#include "messages/api/description_data.hpp"
#include "messages/api/exchanges.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include <catch2/catch_test_macros.hpp>

namespace troupe {

namespace json = boost::json;

namespace {

std::map<std::string, json::value> documents() {
  std::map<std::string, json::value> all;
  for (auto& document : make_reference_documents())
    all.emplace(document.filename, std::move(document.content));
  return all;
}

/// A document without what is said for people.
json::value without_prose(json::value of) {
  auto& content = of.as_object();
  for (const char* name : {"title", "description"})
    content.erase(name);
  for (auto& entry : content.at("entries").as_array()) {
    for (const char* name : {"title", "description"})
      entry.as_object().erase(name);
    if (auto* key = entry.as_object().if_contains("routingKey"))
      for (auto& part : key->as_array())
        part.as_object().erase("summary");
  }
  return of;
}

json::value read(const std::string& name) {
  std::ifstream file(TROUPE_TEST_DATA "/" + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return json::parse(text);
}

// The names in an object or in an array of them.
std::set<std::string> names_of(const json::value& of) {
  std::set<std::string> names;
  if (const auto* object = of.if_object())
    for (const auto& [name, _] : *object)
      names.emplace(name);
  else
    for (const auto& name : of.as_array())
      names.emplace(name.as_string());
  return names;
}

}  // namespace

TEST_CASE("REF-4 references have the structure of the protocol's, method by method") {
  const auto ours = documents();
  const auto protocol = read("references-structure.json");
  for (const auto& known : protocol.as_array()) {
    const std::string name{known.at("filename").as_string()};
    INFO(name);
    REQUIRE(ours.contains(name));
    const auto made = without_prose(ours.at(name));
    const auto& theirs = known.at("content");
    for (const auto& [key, value] : theirs.as_object())
      if (key != "entries")
        CHECK(made.at(key) == value);
    const auto by_name = [](const json::value& of) {
      std::map<std::string, json::value> entries;
      for (const auto& entry : of.at("entries").as_array())
        entries.emplace(entry.at("name").as_string(), entry);
      return entries;
    };
    const auto mine = by_name(made);
    const auto expected = by_name(theirs);
    CHECK(mine.size() == expected.size());
    for (const auto& [method, entry] : expected) {
      INFO(method);
      REQUIRE(mine.contains(method));
      CHECK(json::serialize(mine.at(method)) != "null");
      CHECK(mine.at(method) == entry);
    }
  }
}

TEST_CASE("all that is served is described, and nothing else is") {
  const auto words = json::parse(description_data()).as_object();
  std::map<std::string, std::set<std::string>> served;
  for (const auto& [name, content] : documents())
    if (name.ends_with("/api.json"))
      for (const auto& entry : content.at("entries").as_array()) {
        INFO(name << " " << entry.at("name").as_string());
        CHECK_FALSE(entry.at("title").as_string().empty());
        CHECK(entry.at("description").as_string().ends_with('.'));
        served[std::string{content.at("serviceName").as_string()}].emplace(
            entry.at("name").as_string());
      }
  for (const auto& [service, about] : words)
    if (service != "shared")
      for (const auto& [method, text] : about.at("methods").as_object())
        CHECK(served[std::string{service}].contains(std::string{method}));
}

TEST_CASE("records of the log and metrics are those of the protocol, as far as there are any") {
  const auto ours = documents();
  const auto protocol = read("records-structure.json");
  for (const auto& [service, kinds] : protocol.as_object())
    for (const auto& [kind, theirs] : kinds.as_object()) {
      const auto& made =
          ours.at("references/" + std::string{service} + "/v1/" + std::string{kind} + ".json");
      for (const auto& entry : made.at(kind == "logs" ? "types" : "metrics").as_array()) {
        const auto& name = entry.at("name").as_string();
        const auto* known = theirs.as_object().if_contains(name);
        INFO(service << " " << kind << " " << name);
        CHECK(entry.at("description").as_string().size() > 0);
        if (known == nullptr) {
          CHECK((name.starts_with("tcx_") || name.starts_with("remoteWorker")));
          continue;
        }
        CHECK(entry.at("type") == known->at("type"));
        if (kind == "metrics") {
          const auto* labels = entry.as_object().if_contains("labels");
          const auto expected = names_of(known->at("labels"));
          CHECK((labels == nullptr ? expected.empty() : names_of(*labels) == expected));
          continue;
        }
        CHECK(entry.at("version") == known->at("version"));
        if (entry.at("level") != "any" && known->at("level") != "any")
          CHECK(entry.at("level") == known->at("level"));
      }
    }
}

TEST_CASE("documents become absolute at their top and in the manifest only") {
  for (const auto& document : make_reference_documents()) {
    const auto text = absolute_text(document, "https://ci.example.com");
    const auto made = json::parse(text).as_object();
    INFO(document.filename);
    for (const char* name : {"$schema", "$id"})
      if (const auto* place = made.if_contains(name))
        CHECK(place->as_string().starts_with("http"));
    CHECK(text.find("\"/schemas/") == std::string::npos);
    CHECK(text.find("\"/references/") == std::string::npos);
  }
}

}  // namespace troupe
