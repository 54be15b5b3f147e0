#pragma once

#include <string_view>
#include <vector>

namespace troupe {

/// One part of the routing keys of an exchange.
struct routing_part {
  std::string_view name;
  std::string_view constant = {};  ///< the word that always stands there; empty: none
  bool many_words = false;
  bool required = true;  ///< otherwise `_` when there is nothing to say
};

/// One row of the table of exchanges.
struct api_exchange {
  std::string_view service;
  std::string_view exchange;  ///< after `exchange/taskcluster-<service>/v1/`
  std::string_view name;      ///< as clients call it, `taskDefined`
  std::string_view schema;    ///< id of the schema of its payloads
  std::vector<routing_part> parts;
};

/// All exchanges that are published.
const std::vector<api_exchange>& api_exchanges();

}  // namespace troupe
