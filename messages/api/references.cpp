#include "messages/api/references.hpp"

#include "messages/api/auth_methods.hpp"
#include "messages/api/description_data.hpp"
#include "messages/api/exchanges.hpp"
#include "messages/api/index_methods.hpp"
#include "messages/api/log_types.hpp"
#include "messages/api/method.hpp"
#include "messages/api/metrics.hpp"
#include "messages/api/object_methods.hpp"
#include "messages/api/purge_cache_methods.hpp"
#include "messages/api/queue_methods.hpp"
#include "messages/api/schema_data.hpp"
#include "messages/api/secrets_methods.hpp"
#include "messages/api/troupe_methods.hpp"
#include "messages/ascii_case.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace troupe {

namespace json = boost::json;

namespace {

constexpr std::string_view api_schema = "/schemas/common/api-reference-v0.json#";
constexpr std::string_view exchanges_schema = "/schemas/common/exchanges-reference-v0.json#";
constexpr std::string_view logs_schema = "/schemas/common/logs-reference-v0.json#";
constexpr std::string_view metrics_schema = "/schemas/common/metrics-reference-v0.json#";
constexpr std::string_view manifest_schema = "/schemas/common/manifest-v3.json#";

/// `/task/<taskId>/artifacts/<name*>` as clients read it: without marks of ours.
std::string shown_route(std::string_view route) {
  std::string out;
  for (std::size_t i = 0; i < route.size(); ++i)
    if (!((route[i] == '*' || route[i] == '?') && i + 1 < route.size() && route[i + 1] == '>'))
      out += route[i];
  return out;
}

/// `schemas/queue/v1/task` as it stands in a reference of the queue: `v1/task.json#`.
std::string schema_reference(std::string_view id, std::string_view service) {
  const auto prefix = "schemas/" + std::string{service} + "/";
  return std::string{id.substr(prefix.size())} + ".json#";
}

/// What we say of a service; the pairs are title and description.
class descriptions {
 public:
  descriptions() : all_(json::parse(description_data()).as_object()) {}

  const json::object& service(std::string_view name) const { return all_.at(name).as_object(); }

  const json::array& method(std::string_view service_name, std::string_view name) const {
    const auto& own = service(service_name).at("methods").as_object();
    const auto* found = own.if_contains(name);
    return (found != nullptr ? *found : all_.at("shared").at(name)).as_array();
  }

 private:
  json::object all_;
};

json::object method_entry(const api_method& method, const descriptions& words) {
  const auto& text = words.method(method.service, method.name);
  json::array args;
  for (const auto& param : method.params)
    args.emplace_back(param.name);
  json::array query;
  for (const auto& item : method.query)
    query.emplace_back(item.name);
  json::object entry{{"type", "function"},
                     {"method", lower_case(method.verb)},
                     {"route", shown_route(method.route)},
                     {"query", std::move(query)},
                     {"args", std::move(args)},
                     {"name", method.name},
                     {"stability", method.stability},
                     {"category", method.category}};
  if (!method.scopes.empty())
    entry["scopes"] = json::parse(method.scopes);
  if (!method.input.empty())
    entry["input"] = schema_reference(method.input, method.service);
  if (!method.output.empty())
    entry["output"] = schema_reference(method.output, method.service);
  entry["title"] = text.at(0);
  entry["description"] = text.at(1);
  return entry;
}

reference_document api_reference(const std::vector<api_method>& methods,
                                 const descriptions& words) {
  const std::string service{methods.front().service};
  const auto& about = words.service(service);
  json::array entries;
  for (const auto& method : methods)
    if (!method.hidden)
      entries.emplace_back(method_entry(method, words));
  json::object content{{"$schema", api_schema},
                       {"title", about.at("title")},
                       {"description", about.at("description")},
                       {"serviceName", service},
                       {"apiVersion", "v1"},
                       {"entries", std::move(entries)}};
  return {"references/" + service + "/v1/api.json", std::move(content)};
}

// What a part of a routing key holds.
std::string summary_of(const routing_part& part) {
  if (!part.constant.empty())
    return "Always `" + std::string{part.constant} + "`: tells this key from those of routes.";
  if (part.many_words)
    return "Room for parts that may be added; a pattern ends with `#` for them.";
  return "The `" + std::string{part.name} + "`" +
         (part.required ? "." : ", or `_` when there is none.");
}

json::object exchange_entry(const api_exchange& row, const json::array& text) {
  json::array key;
  for (const auto& part : row.parts) {
    json::object item{{"name", part.name},
                      {"summary", summary_of(part)},
                      {"multipleWords", part.many_words},
                      {"required", part.required}};
    if (!part.constant.empty())
      item["constant"] = part.constant;
    key.emplace_back(std::move(item));
  }
  return {{"type", "topic-exchange"},
          {"exchange", row.exchange},
          {"name", row.name},
          {"title", text.at(0)},
          {"description", text.at(1)},
          {"routingKey", std::move(key)},
          {"schema", schema_reference(row.schema, row.service)}};
}

reference_document exchanges_reference(const std::string& service, const descriptions& words) {
  const auto& about = words.service(service);
  json::array entries;
  for (const auto& row : api_exchanges())
    if (row.service == service)
      entries.emplace_back(exchange_entry(row, about.at("exchanges").at(row.exchange).as_array()));
  json::object content{{"$schema", exchanges_schema},
                       {"title", about.at("exchangesTitle")},
                       {"description", about.at("exchangesDescription")},
                       {"serviceName", service},
                       {"apiVersion", "v1"},
                       {"exchangePrefix", "exchange/taskcluster-" + service + "/v1/"},
                       {"entries", std::move(entries)}};
  return {"references/" + service + "/v1/exchanges.json", std::move(content)};
}

bool belongs_to(std::string_view row_service, std::string_view service) {
  return row_service.empty() || row_service == service;
}

reference_document logs_reference(const std::string& service) {
  json::array types;
  for (const auto& row : log_types()) {
    if (!belongs_to(row.service, service))
      continue;
    json::object fields;
    for (const auto& field : row.fields)
      fields[field.name] = field.description;
    types.push_back(json::object{{"name", row.name},
                                 {"type", row.type},
                                 {"title", row.title},
                                 {"level", row.level},
                                 {"version", row.version},
                                 {"description", row.description},
                                 {"fields", std::move(fields)}});
  }
  json::object content{
      {"$schema", logs_schema}, {"serviceName", service}, {"types", std::move(types)}};
  return {"references/" + service + "/v1/logs.json", std::move(content)};
}

reference_document metrics_reference(const std::string& service) {
  json::array metrics;
  for (const auto& row : metric_rows()) {
    if (!belongs_to(row.service, service))
      continue;
    json::object entry{{"name", row.name},
                       {"type", metric_kind_text(row.kind)},
                       {"title", row.description},
                       {"description", row.description},
                       {"registers", json::array{"default"}}};
    json::object labels;
    for (const auto& label : row.labels)
      labels[label.name] = label.description;
    if (!labels.empty())
      entry["labels"] = std::move(labels);
    if (row.kind == metric_kind::histogram)
      entry["buckets"] = json::value_from(request_seconds);
    metrics.push_back(std::move(entry));
  }
  json::object content{
      {"$schema", metrics_schema}, {"serviceName", service}, {"metrics", std::move(metrics)}};
  return {"references/" + service + "/v1/metrics.json", std::move(content)};
}

reference_document manifest_of(const std::vector<reference_document>& documents) {
  json::array names;
  for (const auto& document : documents)
    if (document.filename.starts_with("references/"))
      names.emplace_back("/" + document.filename);
  json::object content{{"$schema", manifest_schema}, {"references", std::move(names)}};
  return {"references/manifest.json", std::move(content)};
}

void sort_by_name(std::vector<reference_document>& documents) {
  std::sort(documents.begin(), documents.end(),
            [](const auto& a, const auto& b) { return a.filename < b.filename; });
}

}  // namespace

std::vector<reference_document> make_reference_documents() {
  const descriptions words;
  std::vector<reference_document> documents;
  for (const auto* methods :
       {&queue_methods(), &auth_methods(), &secrets_methods(), &index_methods(),
        &purge_cache_methods(), &object_methods(), &troupe_methods()}) {
    const std::string service{methods->front().service};
    documents.push_back(api_reference(*methods, words));
    documents.push_back(logs_reference(service));
    documents.push_back(metrics_reference(service));
  }
  for (const char* service : {"queue", "auth"})
    documents.push_back(exchanges_reference(service, words));
  auto schemas = json::parse(schema_data()).as_object();
  for (auto& [id, schema] : schemas)
    documents.push_back({std::string{id} + ".json", std::move(schema)});
  sort_by_name(documents);
  documents.push_back(manifest_of(documents));
  sort_by_name(documents);
  return documents;
}

std::string absolute_text(const reference_document& document, std::string_view root_url) {
  auto content = document.content;
  const auto make_absolute = [root_url](json::value& place) {
    if (place.is_string() && place.as_string().starts_with('/'))
      place = std::string{root_url} + std::string{place.as_string()};
  };
  for (const char* name : {"$schema", "$id"})
    if (auto* place = content.as_object().if_contains(name))
      make_absolute(*place);
  // Only the manifest has this.
  if (document.filename == "references/manifest.json")
    for (auto& place : content.as_object()["references"].as_array())
      make_absolute(place);
  return json::serialize(content);
}

}  // namespace troupe
