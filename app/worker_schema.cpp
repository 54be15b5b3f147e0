#include "app/worker_schema.hpp"

#include "app/commands.hpp"
#include "workers/engines/container/container_payload.hpp"
#include "workers/engines/published_schema.hpp"
#include "workers/engines/script/script_rules.hpp"

#include <boost/json.hpp>

#include <iostream>

namespace troupe {

outcome<std::shared_ptr<const script_config>> read_given_script_config(const std::string& path) {
  if (path.empty())
    return make_api_error(error_code::input_error,
                          "--engine script needs --script-config, the file of its scripts");
  return read_script_config(path);
}

int print_payload_schema(const std::vector<std::string>& engines, const std::string& script_file,
                         std::chrono::seconds max_run_time) {
  std::vector<offered_schema> offers;
  for (const auto& name : engines) {
    if (name == "process")
      offers.push_back(offer_processes(max_run_time));
    if (name == "container")
      offers.push_back(offer_containers(container_payload_schema(), max_run_time));
    if (name != "script")
      continue;
    const auto scripts = read_given_script_config(script_file);
    if (!scripts) {
      complain(scripts.error().message);
      return exit_usage;
    }
    offers.push_back(offer_scripts(schema_of_scripts(**scripts, max_run_time)));
  }
  std::cout << boost::json::serialize(merge_schemas(offers)) << std::endl;
  return exit_fine;
}

}  // namespace troupe
