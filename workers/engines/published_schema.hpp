#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace troupe {

/// What an engine adds to the schema of the payloads of a worker.
struct offered_schema {
  std::string name;           ///< as in `--engine`
  boost::json::object takes;  ///< the payloads that it takes
  boost::json::object means;  ///< those that are meant for it, be they right or wrong
};

/// For an engine whose payloads say what runs: of its `schema`, where a payload may ask for so much
/// time; 0: for any.
offered_schema offer_processes(std::chrono::seconds max_run_time);
offered_schema offer_containers(std::string_view schema, std::chrono::seconds max_run_time);

/// For scripts, of the schema of theirs.
offered_schema offer_scripts(boost::json::object schema);

/// A schema as a part of another one: its references within itself still lead there.
boost::json::object embedded(boost::json::object schema, const std::string& id);

/// The schema of the payloads that a worker takes which has these engines, at least one: as it
/// chooses among them (`choose_engine`), one for each payload.
boost::json::object merge_schemas(const std::vector<offered_schema>& engines);

}  // namespace troupe
