#pragma once

#include <boost/json.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::test {

/// A JSON file of tests/data.
inline boost::json::value load_vectors(const std::string& name) {
  std::ifstream file{std::string{TROUPE_TEST_DATA} + "/" + name};
  if (!file)
    throw std::runtime_error("tests/data/" + name + " is missing");
  std::ostringstream text;
  text << file.rdbuf();
  return boost::json::parse(text.str());
}

inline std::string text_at(const boost::json::value& object, std::string_view key) {
  return std::string{object.at(key).as_string()};
}

inline std::vector<std::string> texts_at(const boost::json::value& object, std::string_view key) {
  std::vector<std::string> result;
  for (const auto& entry : object.at(key).as_array())
    result.emplace_back(entry.as_string());
  return result;
}

}  // namespace troupe::test
