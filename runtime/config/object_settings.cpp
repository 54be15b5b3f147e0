#include "runtime/config/object_settings.hpp"

#include "runtime/config/file_section.hpp"
#include "runtime/config/setting_values.hpp"
#include "runtime/schema/pattern.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace json = boost::json;

namespace {

// A section with texts that readers of settings take.
class section : public file_section {
 public:
  using file_section::file_section;

  template <class Reader>
  std::string read(std::string_view member, Reader reader) const {
    std::string value;
    if (const auto bad = reader(text(member), value); !bad.empty())
      complain(name() + "." + std::string{member} + ": " + bad);
    return value;
  }

  std::string expression(std::string_view member) const {
    auto source = text(member);
    if (!text_pattern{source}.valid())
      complain(name() + "." + std::string{member} + ": '" + source +
               "' is not a regular expression that is understood here");
    return source;
  }
};

}  // namespace

s3_backend_settings read_s3_store(const json::value& from, const std::string& name) {
  const section in{from,
                   name,
                   {"backendType", "accessKeyId", "secretAccessKey", "bucket", "region",
                    "signGetUrls", "endpoint", "s3ForcePathStyle"}};
  s3_backend_settings made;
  made.access_key_id = in.read("accessKeyId", read_key_id);
  made.secret_access_key = in.text("secretAccessKey");
  made.bucket = in.read("bucket", read_bucket);
  if (in.find("region") != nullptr)
    made.region = in.read("region", read_region);
  if (in.find("endpoint") != nullptr)
    made.endpoint = in.read("endpoint", read_endpoint);
  made.path_style = in.flag("s3ForcePathStyle", !made.endpoint.empty());
  made.sign_get_urls = in.flag("signGetUrls", true);
  return made;
}

namespace {

void read_backend(const json::value& from, const std::string& id, object_settings& into) {
  const auto name = "backends." + id;
  if (!from.is_object())
    complain(name + " must be an object");
  const auto* type = from.get_object().if_contains("backendType");
  const auto kind =
      type != nullptr && type->is_string() ? std::string{type->get_string()} : std::string{};
  if (kind == "local") {
    const section only_this{from, name, {"backendType"}};
    into.local.push_back(id);
  } else if (kind == "aws" || kind == "s3") {
    if (id == local_backend_id)
      complain(name + ": this id is that of the server's disk; give the store another one");
    into.s3[id] = read_s3_store(from, name);
  } else {
    complain(name + ".backendType must be local, s3 or aws");
  }
}

text_condition read_condition(const json::value& from, const std::string& name) {
  if (const auto* text = from.if_string())
    return {text_condition::kind::exact, std::string{*text}};
  const section in{from, name, {"is", "regexp"}};
  if ((in.find("is") == nullptr) == (in.find("regexp") == nullptr))
    complain(name + R"( must be a text, {"is": text} or {"regexp": text})");
  if (in.find("is") != nullptr)
    return {text_condition::kind::exact, in.text("is")};
  return {text_condition::kind::pattern, in.expression("regexp")};
}

backend_rule read_rule(const json::value& from, const std::string& name,
                       const object_settings& all) {
  const section in{from, name, {"backendId", "when"}};
  backend_rule made;
  made.backend_id = in.text("backendId");
  if (!all.s3.contains(made.backend_id) &&
      std::find(all.local.begin(), all.local.end(), made.backend_id) == all.local.end())
    complain(name + ".backendId: there is no backend '" + made.backend_id + "'");
  const auto* when = in.find("when");
  if (when == nullptr)
    complain(name + R"( needs the member 'when': "all" or an object)");
  if (const auto* text = when->if_string(); text != nullptr && *text == "all")
    return made;
  const section conditions{*when, name + ".when", {"projectId", "name"}};
  if (const auto* project = conditions.find("projectId"))
    made.project = read_condition(*project, name + ".when.projectId");
  if (const auto* of_name = conditions.find("name"))
    made.name = read_condition(*of_name, name + ".when.name");
  return made;
}

object_cache read_cache(const json::value& from, const std::string& name) {
  const section in{from, name, {"middlewareType", "regexp", "baseUrl"}};
  if (in.text("middlewareType") != "cdn")
    complain(name + ".middlewareType must be cdn");
  object_cache made{in.expression("regexp"), in.text("baseUrl")};
  std::string checked;
  if (const auto bad = read_base_url(made.base_url, checked); !bad.empty())
    complain(name + ".baseUrl: " + bad);
  return made;
}

object_settings read_everything(const json::value& from) {
  const section whole{from, "the file", {"backends", "backendMap", "middleware"}};
  object_settings made;
  if (const auto* backends = whole.find("backends"))
    for (const auto& [id, backend] : map_of(*backends, "backends", "a backend by each id"))
      read_backend(backend, std::string{id}, made);
  const auto numbered = [](std::string_view list, std::size_t number) {
    return std::string{list} + "[" + std::to_string(number) + "]";
  };
  if (const auto* map = whole.find("backendMap")) {
    made.rules.clear();
    for (const auto& rule : list_of(*map, "backendMap"))
      made.rules.push_back(read_rule(rule, numbered("backendMap", made.rules.size()), made));
  }
  if (const auto* chain = whole.find("middleware"))
    for (const auto& one : list_of(*chain, "middleware"))
      made.caches.push_back(read_cache(one, numbered("middleware", made.caches.size())));
  return made;
}

}  // namespace

std::string read_object_settings(std::string_view text, object_settings& into) {
  return read_settings_text(text, [&into](const json::value& all) { into = read_everything(all); });
}

std::string read_object_file(const std::string& path, object_settings& into) {
  return read_settings_file(
      path, [&into](std::string_view text) { return read_object_settings(text, into); });
}

}  // namespace troupe
