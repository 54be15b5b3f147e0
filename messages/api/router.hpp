#pragma once

#include "messages/api/method.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// What a route found.
struct route_match {
  enum class result { found, not_found, bad_escape };
  result what = result::not_found;
  const api_method* method = nullptr;
  /// Decoded values in the order of the method's parameters.
  std::vector<std::string> values;
};

/// Finds methods by verb and raw path (api-conventions, section 2): segments are compared before
/// they are decoded, so that an encoded slash stays within its segment.
class router {
 public:
  /// Adds a service's methods below `base`, `/api/queue/v1`.
  void add(std::string base, const std::vector<api_method>& methods);

  /// `path` is raw and without query. HEAD finds what GET finds.
  route_match match(std::string_view verb, std::string_view path) const;

  /// The verbs a path can be asked with, for `Allow`: `GET, HEAD`; empty for an unknown path.
  std::string allowed(std::string_view path) const;

  /// Whether the path is below the base of some service.
  bool is_api(std::string_view path) const;

 private:
  struct segment {
    std::string text;  // of a fixed one
    bool is_parameter = false;
    bool is_rest = false;
    bool is_optional = false;
  };
  struct route {
    const api_method* method = nullptr;
    std::vector<segment> segments;
    std::size_t fixed = 0;  // leading fixed segments, which decide fastest
  };
  struct service {
    std::string base;
    std::vector<route> routes;
  };

  static bool fits(const route& candidate, const std::vector<std::string_view>& parts,
                   std::array<std::string_view, 8>& raw);

  std::vector<service> services_;
};

/// Decodes percent escapes once; false for a broken one or for text that is not UTF-8.
bool percent_decode(std::string_view raw, std::string& out);

}  // namespace troupe
