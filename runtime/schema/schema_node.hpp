#pragma once

#include "runtime/schema/pattern.hpp"
#include "runtime/schema/schema.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

enum class text_format : std::uint8_t {
  none,
  date_time,
  uri,
  email,
  hostname,
  ipv4,
  ipv6,
  regex,
};

/// What a schema, or a part of one, asks of a value.
struct schema::node {
  // One bit a JSON type; an integer is a number, too.
  enum types : unsigned {
    null_type = 1,
    boolean_type = 2,
    integer_type = 4,
    number_type = 8,
    string_type = 16,
    array_type = 32,
    object_type = 64,
  };

  struct property {
    std::string name;
    const node* schema = nullptr;
    std::optional<boost::json::value> value_when_missing;
    bool required = false;

    bool fills() const { return value_when_missing.has_value() || schema->has_defaults; }
  };

  // The beginning of a name and its length, by which most names are told from each other.
  static std::uint64_t key_of(std::string_view name) {
    std::uint64_t key = 0;
    std::memcpy(&key, name.data(), std::min(name.size(), sizeof key));
    return key ^ name.size() << 56;
  }

  struct pattern_property {
    text_pattern pattern;
    const node* schema = nullptr;
  };

  static constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

  bool always_false = false;
  const node* reference = nullptr;
  unsigned allowed_types = 0;  // 0: any
  std::string type_text;       // as problems name it

  std::vector<property> properties;          // sorted by name
  std::vector<std::uint64_t> property_keys;  // of each
  std::vector<std::size_t> filling;          // the properties that defaults are for
  std::vector<pattern_property> pattern_properties;
  std::vector<std::string> required;
  bool required_are_properties = true;  // and each is named once
  bool additional_allowed = true;
  const node* additional = nullptr;
  const node* property_names = nullptr;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependencies;
  std::size_t least_properties = 0;
  std::size_t most_properties = no_limit;

  const node* items = nullptr;
  std::vector<const node*> tuple;
  std::size_t least_items = 0;
  std::size_t most_items = no_limit;
  bool unique_items = false;

  std::optional<text_pattern> pattern;
  text_format format = text_format::none;
  std::string format_name;
  std::size_t least_length = 0;
  std::size_t most_length = no_limit;

  std::optional<double> minimum, maximum, above, below, multiple_of;

  std::vector<boost::json::value> one_of_values;  // enum
  std::optional<boost::json::value> constant;

  std::vector<const node*> one_of, any_of, all_of;
  const node* none_of = nullptr;  // not
  const node* condition = nullptr;
  const node* then_part = nullptr;
  const node* else_part = nullptr;

  bool has_defaults = false;  // here or below

  const property* find(std::string_view name) const {
    const auto key = key_of(name);
    for (std::size_t i = 0; i < property_keys.size(); ++i)
      if (property_keys[i] == key && properties[i].name == name)
        return &properties[i];
    return nullptr;
  }
};

/// Whether the text has the format.
bool has_format(text_format format, std::string_view text);

}  // namespace troupe
