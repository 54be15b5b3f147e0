// From JSON documents to nodes.

#include "messages/api/schema_data.hpp"
#include "runtime/schema/schema_node.hpp"

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace troupe {

namespace json = boost::json;

namespace {

void require(schema::node& of, std::string name) {
  const auto at = std::find_if(of.properties.begin(), of.properties.end(),
                               [&](const auto& entry) { return entry.name == name; });
  if (at == of.properties.end() || at->required)
    of.required_are_properties = false;
  else
    at->required = true;
  of.required.push_back(std::move(name));
}

}  // namespace

struct schema_set::impl {
  explicit impl(const json::object& documents) : documents_(documents) {}

  const schema::node* get(const std::string& document, const std::string& pointer);

 private:
  void build(schema::node& out, const json::object& from, const std::string& document,
             const std::string& pointer);
  void build_object(schema::node& out, const json::object& from, const std::string& document,
                    const std::string& pointer);
  void build_array(schema::node& out, const json::object& from, const std::string& document,
                   const std::string& pointer);
  void build_combinations(schema::node& out, const json::object& from, const std::string& document,
                          const std::string& pointer);
  const schema::node* resolve(const std::string& reference, const std::string& document);

  const json::object& documents_;
  std::deque<schema::node> nodes_;
  std::unordered_map<std::string, schema::node*> known_;
};

namespace {

unsigned type_bit(std::string_view name) {
  using node = schema::node;
  if (name == "null")
    return node::null_type;
  if (name == "boolean")
    return node::boolean_type;
  if (name == "integer")
    return node::integer_type;
  if (name == "number")
    return node::number_type | node::integer_type;
  if (name == "string")
    return node::string_type;
  if (name == "array")
    return node::array_type;
  return node::object_type;
}

text_format format_of(std::string_view name) {
  if (name == "date-time")
    return text_format::date_time;
  if (name == "uri")
    return text_format::uri;
  if (name == "email")
    return text_format::email;
  if (name == "hostname")
    return text_format::hostname;
  if (name == "ipv4")
    return text_format::ipv4;
  if (name == "ipv6")
    return text_format::ipv6;
  return name == "regex" ? text_format::regex : text_format::none;
}

void read_limit(const json::object& from, std::string_view key, std::size_t& out) {
  if (const auto* value = from.if_contains(key))
    out = value->to_number<std::size_t>();
}

void read_number(const json::object& from, std::string_view key, std::optional<double>& out) {
  if (const auto* value = from.if_contains(key))
    out = value->to_number<double>();
}

void build_scalars(schema::node& out, const json::object& from) {
  if (const auto* type = from.if_contains("type")) {
    auto add = [&out](std::string_view name) {
      out.allowed_types |= type_bit(name);
      out.type_text += (out.type_text.empty() ? "" : ",") + std::string{name};
    };
    if (type->is_string())
      add(type->get_string());
    else
      for (const auto& entry : type->as_array())
        add(entry.as_string());
  }
  if (const auto* pattern = from.if_contains("pattern")) {
    out.pattern.emplace(pattern->as_string());
    if (!out.pattern->valid())
      throw std::runtime_error("pattern not understood: " + out.pattern->source());
  }
  if (const auto* format = from.if_contains("format")) {
    out.format_name = format->as_string();
    out.format = format_of(out.format_name);
  }
  read_limit(from, "minLength", out.least_length);
  read_limit(from, "maxLength", out.most_length);
  read_number(from, "minimum", out.minimum);
  read_number(from, "maximum", out.maximum);
  read_number(from, "exclusiveMinimum", out.above);
  read_number(from, "exclusiveMaximum", out.below);
  read_number(from, "multipleOf", out.multiple_of);
  if (const auto* values = from.if_contains("enum"))
    out.one_of_values.assign(values->as_array().begin(), values->as_array().end());
  if (const auto* value = from.if_contains("const"))
    out.constant = *value;
}

}  // namespace

const schema::node* schema_set::impl::get(const std::string& document, const std::string& pointer) {
  const auto key = document + "#" + pointer;
  if (const auto found = known_.find(key); found != known_.end())
    return found->second;
  const auto* root = documents_.if_contains(document);
  if (root == nullptr)
    throw std::runtime_error("there is no schema " + document);
  boost::system::error_code failed;
  const auto* value = pointer.empty() ? root : root->find_pointer(pointer, failed);
  if (value == nullptr)
    throw std::runtime_error("there is no " + key);
  auto& made = nodes_.emplace_back();
  known_[key] = &made;
  if (value->is_bool())
    made.always_false = !value->get_bool();
  else
    build(made, value->as_object(), document, pointer);
  return &made;
}

const schema::node* schema_set::impl::resolve(const std::string& reference,
                                              const std::string& document) {
  const auto hash = reference.find('#');
  auto file = reference.substr(0, hash);
  auto pointer = hash == std::string::npos ? std::string{} : reference.substr(hash + 1);
  if (file.empty())
    return get(document, pointer);
  if (file.ends_with(".json"))
    file.resize(file.size() - 5);
  if (file.starts_with('/'))
    return get(file.substr(1), pointer);
  if (file.starts_with("./"))
    file.erase(0, 2);
  return get(document.substr(0, document.rfind('/') + 1) + file, pointer);
}

void schema_set::impl::build(schema::node& out, const json::object& from,
                             const std::string& document, const std::string& pointer) {
  if (const auto* reference = from.if_contains("$ref")) {
    out.reference = resolve(std::string{reference->as_string()}, document);
    out.has_defaults = out.reference->has_defaults;
    return;
  }
  build_scalars(out, from);
  build_object(out, from, document, pointer);
  build_array(out, from, document, pointer);
  build_combinations(out, from, document, pointer);
}

void schema_set::impl::build_object(schema::node& out, const json::object& from,
                                    const std::string& document, const std::string& pointer) {
  if (const auto* properties = from.if_contains("properties"))
    for (const auto& member : properties->as_object()) {
      schema::node::property entry{
          std::string{member.key()},
          get(document, pointer + "/properties/" + std::string{member.key()}), std::nullopt};
      if (member.value().is_object())
        if (const auto* value = member.value().get_object().if_contains("default")) {
          entry.value_when_missing = *value;
          out.has_defaults = true;
        }
      out.has_defaults = out.has_defaults || entry.schema->has_defaults;
      out.properties.push_back(std::move(entry));
    }
  std::sort(out.properties.begin(), out.properties.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < out.properties.size(); ++i) {
    out.property_keys.push_back(schema::node::key_of(out.properties[i].name));
    if (out.properties[i].fills())
      out.filling.push_back(i);
  }
  if (const auto* patterns = from.if_contains("patternProperties"))
    for (const auto& member : patterns->as_object())
      out.pattern_properties.push_back(
          {text_pattern{member.key()},
           get(document, pointer + "/patternProperties/" + std::string{member.key()})});
  if (const auto* required = from.if_contains("required"))
    for (const auto& name : required->as_array())
      require(out, std::string{name.as_string()});
  if (const auto* additional = from.if_contains("additionalProperties")) {
    if (additional->is_bool())
      out.additional_allowed = additional->get_bool();
    else
      out.additional = get(document, pointer + "/additionalProperties");
  }
  if (from.contains("propertyNames"))
    out.property_names = get(document, pointer + "/propertyNames");
  if (const auto* dependencies = from.if_contains("dependencies"))
    for (const auto& member : dependencies->as_object()) {
      std::vector<std::string> needed;
      if (member.value().is_array())
        for (const auto& name : member.value().get_array())
          needed.emplace_back(name.as_string());
      out.dependencies.emplace_back(member.key(), std::move(needed));
    }
  read_limit(from, "minProperties", out.least_properties);
  read_limit(from, "maxProperties", out.most_properties);
}

void schema_set::impl::build_array(schema::node& out, const json::object& from,
                                   const std::string& document, const std::string& pointer) {
  if (const auto* items = from.if_contains("items")) {
    if (items->is_array())
      for (std::size_t i = 0; i < items->get_array().size(); ++i)
        out.tuple.push_back(get(document, pointer + "/items/" + std::to_string(i)));
    else
      out.items = get(document, pointer + "/items");
  }
  if (out.items != nullptr)
    out.has_defaults = out.has_defaults || out.items->has_defaults;
  read_limit(from, "minItems", out.least_items);
  read_limit(from, "maxItems", out.most_items);
  if (const auto* unique = from.if_contains("uniqueItems"))
    out.unique_items = unique->as_bool();
}

void schema_set::impl::build_combinations(schema::node& out, const json::object& from,
                                          const std::string& document, const std::string& pointer) {
  auto list = [&](std::string_view key, std::vector<const schema::node*>& into) {
    if (const auto* entries = from.if_contains(key))
      for (std::size_t i = 0; i < entries->as_array().size(); ++i)
        into.push_back(get(document, pointer + "/" + std::string{key} + "/" + std::to_string(i)));
  };
  auto part = [&](std::string_view key, const schema::node*& into) {
    if (from.contains(key))
      into = get(document, pointer + "/" + std::string{key});
  };
  list("oneOf", out.one_of);
  list("anyOf", out.any_of);
  list("allOf", out.all_of);
  part("not", out.none_of);
  part("if", out.condition);
  part("then", out.then_part);
  part("else", out.else_part);
  for (const auto* entry : out.all_of)
    out.has_defaults = out.has_defaults || entry->has_defaults;
}

schema_set::schema_set(const json::object& documents) : impl_(std::make_unique<impl>(documents)) {
  for (const auto& member : documents) {
    const std::string id{member.key()};
    // The metaschemas describe schemas, not messages, and refer to documents outside of the set.
    if (id.find("metaschema") != std::string::npos)
      continue;
    try {
      schemas_.emplace(id, schema{id, *impl_->get(id, "")});
    } catch (const std::runtime_error&) {
      // Three documents refer to schemas that nobody publishes; they are not used for checks.
    }
  }
}

schema_set::~schema_set() = default;

const schema_set& schema_set::builtin() {
  static const json::value documents = json::parse(schema_data());
  static const schema_set all{documents.as_object()};
  return all;
}

const schema* schema_set::find(std::string_view id) const {
  const auto found = schemas_.find(std::string{id});
  return found == schemas_.end() ? nullptr : &found->second;
}

}  // namespace troupe
