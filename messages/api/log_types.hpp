#pragma once

#include <string_view>
#include <vector>

namespace troupe {

/// A member of a record's `Fields`.
struct log_field {
  std::string_view name;
  std::string_view description;
};

/// A type of record in the log of the server.
struct log_type {
  std::string_view service;  ///< empty: every service has it
  std::string_view name;
  std::string_view type;   ///< what stands in its `Type`
  std::string_view level;  ///< of syslog, or `any`
  int version;             ///< of the fields
  std::string_view title;
  std::string_view description;
  std::vector<log_field> fields;  ///< which every record of the type has
};

/// All of them (operations contract, section 2).
const std::vector<log_type>& log_types();

}  // namespace troupe
