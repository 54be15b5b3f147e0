#pragma once

#include "runtime/schema/schema.hpp"

#include <boost/json.hpp>
#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// The text as JSON, once it is found to agree with the schema `schemas/queue/v1/<name>`.
inline boost::json::value against_schema(std::string_view text, std::string_view name) {
  INFO(text);
  auto value = boost::json::parse(text);
  const auto* rule = schema_set::builtin().find("schemas/queue/v1/" + std::string{name});
  REQUIRE(rule != nullptr);
  std::vector<std::string> problems;
  rule->validate(value, &problems);
  CHECK(problems == std::vector<std::string>{});
  return value;
}

}  // namespace troupe
