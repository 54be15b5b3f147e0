#pragma once

#include <string_view>
#include <vector>

namespace troupe {

/// A path parameter of a method.
struct api_parameter {
  std::string_view name;
  std::string_view pattern;   ///< ECMA-262 regex; empty: any text
  bool rest_of_path = false;  ///< takes slashes, raw or encoded, and may be empty
  bool optional = false;      ///< may be left out, with or without its slash; then it is empty
};

/// A query parameter of a method.
struct api_query {
  std::string_view name;
  std::string_view pattern;
};

/// One row of the table of API methods: everything the router, the scope check, the references and
/// the completeness test know of it.
struct api_method {
  std::string_view service;
  std::string_view name;  ///< as clients call it, `createTask`
  std::string_view verb;  ///< in capital letters
  /// Below `/api/<service>/v1`; `<x>` one segment, `<x*>` the rest up to the end or a fixed suffix,
  /// `<x?>` one that may be left out, as the last.
  std::string_view route;
  std::string_view scopes;  ///< scope expression template as JSON; empty: public
  std::string_view input;   ///< id of the schema, `schemas/queue/v1/create-task-request`; or empty
  std::string_view output;
  std::string_view stability;
  std::string_view category;
  std::vector<api_parameter> params;
  std::vector<api_query> query;
  /// A member of the body that nobody else may see: `(OMITTED)` in errors and logs; or empty.
  std::string_view blanked = {};
  bool hidden = false;  ///< served for clients of old, and in no reference
};

}  // namespace troupe
